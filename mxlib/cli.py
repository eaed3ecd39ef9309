"""The command line, `script/mxm` and `mxm`: start the server and manage it.

Users, tokens, the audit log, persons and backups: all of it works before anyone can sign in.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from mxlib import __version__, dashboard
from mxlib.auth import token_owners
from mxlib.auth.cli_options import CLIENT, NEVER, AddClient, AddDomain, AddPermission, AddRole, parse_period
from mxlib.auth.passwords import InvalidPassword, agency_words
from mxlib.auth.permissions import Caller, Permission, describe_grants
from mxlib.auth.roles import Role, client_key, place
from mxlib.auth.second_factor import SecondFactors
from mxlib.auth.tokens import USUAL_DAYS, Tokens
from mxlib.auth.users import Users
from mxlib.clock import SystemClock, show_times_of
from mxlib.core import addresses
from mxlib.core.format import count
from mxlib.core.text import audit_texts, backups, database_copies, person_texts, store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.settings import Settings, SettingsError
from mxlib.store import (
    Store,
    StoreUnavailable,
    audit,
    audit_chain,
    audit_check,
    backup,
    clients,
    clock_guard,
    database_copy,
    erasure,
    hold,
    key_check,
    known_passwords,
    person,
    person_erasure,
)
from mxlib.store.audit_acceptance import AuditChanged
from mxlib.store.backup import BackupError
from mxlib.store.database_copy import CopyError
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord

#: Permissions by domain, as the command line names them.
Rights = dict[str, set[Permission]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; return the exit status."""
    parser = _parser()
    asked, rest = parser.parse_known_args(arguments)
    if asked.do is _serve:
        dashboard.serve(rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        settings, clock = Settings(), SystemClock()
        if settings.zone_is_set:
            show_times_of(settings.timezone)
        asked.settings = settings
        if asked.do is _restore:
            return int(_restore(asked, clock))
        if asked.do is _database_copy:
            return int(_database_copy(asked, clock))
        store = Store.configured(
            settings.data_dir,
            settings.database_url.get_secret_value(),
            clock,
            settings.secret_key.get_secret_value(),
            any_key=asked.do is _key_accept,
        )
        try:
            asked.provider, asked.agency = bool(settings.oidc_issuer), agency_words(settings)
            return _carry_out(asked, store, clock)
        finally:
            store.close()
    except (SettingsError, StoreUnavailable, InvalidPassword, BackupError, CopyError) as error:
        return _complain(str(error))
    except ValidationError as error:
        return _complain(" ".join(f"{problem['loc'][0]}: {problem['msg']}." for problem in error.errors()))
    except OSError as error:
        return _complain(f"MXM_DATA_DIR: {error.filename} cannot be used ({error.strerror}).")
    except (EOFError, KeyboardInterrupt):
        return _complain(f"\n{store_problems.GIVEN_UP} Nothing was changed.")


def _carry_out(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    """Carry out a command on the store.

    When it stops on its way, say so: what it committed until then stays.
    """
    before = store.commits
    try:
        return int(asked.do(asked, store, clock))
    except (EOFError, KeyboardInterrupt, StoreUnavailable) as stopped:
        if store.commits == before:
            raise
        why = str(stopped) if isinstance(stopped, StoreUnavailable) else f"\n{store_problems.GIVEN_UP}"
        part = person_texts.UNFINISHED if asked.do is _person_erase else store_problems.PARTLY_DONE
        return _complain(f"{why} {part}")


def _serve(*_: object) -> int:
    """Mark the one command that opens no store: `main` passes its arguments to the server."""
    raise NotImplementedError


def _operator() -> Caller:
    """Return an admin caller: anyone who may read the database file needs no further permission."""
    return Caller(f"{getpass.getuser()} (script/mxm)", admin=True)


# Tokens.


def _token_create(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    if wrong := _unclear(asked, "it"):
        return _complain(wrong)
    rights, _ = _given(asked, store)
    days = None if asked.expires == NEVER else asked.expires
    token = Tokens(store, clock).create(_operator(), asked.name, admin=asked.admin, domains=rights, days=days)
    _say(token)
    if days is None:
        _note("This token never ends by itself. Revoke it once nobody needs it: script/mxm token revoke NUMBER")
    return 0


def _token_list(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    now = clock.now()
    for token in Tokens(store, clock).list_all(_operator()):
        looks = ", ".join(token_owners.describe_mark(token, mark, now) for mark in token_owners.marks(token, now))
        used = f"last used {_day(token.last_used_at)}" if token.last_used_at else "never used"
        by = f"made by {token_owners.maker(token)}"
        _say("	".join((str(token.id), token.name, _rights(token), by, _state(token, now), used, looks)).rstrip())
    return 0


def _token_revoke(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    if not Tokens(store, clock).revoke(_operator(), asked.number):
        return _complain(f"There is no token {asked.number} to revoke. See: script/mxm token list")
    return 0


def _token_hand_over(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    Tokens(store, clock).hand_over(_operator(), asked.number, asked.admin)
    return 0


def _rights(holder: TokenRecord | UserRecord) -> str:
    admins = holder.client_admin if isinstance(holder, UserRecord) else ()
    words = {place(key) + (" as client admin" if key in admins else ""): may for key, may in holder.permissions.items()}
    return describe_grants(holder.admin, words) or "no permission"


def _state(token: TokenRecord, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {_day(token.revoked_at)}"
    if token.expires_at is not None and token.expires_at <= now:
        return f"ended {_day(token.expires_at)}"
    if token.owner is not None and token.owner.disabled_at is not None:
        return f"ended, {token.owner.name} is disabled"
    return f"ends {_day(token.expires_at)}" if token.expires_at else "never ends"


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


# Users.


def _user_add(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    if wrong := _unclear(asked, asked.name):
        return _complain(wrong)
    password = None if asked.no_password else _password()
    users = _users(asked, store, clock)
    rights, given = _given(asked, store)
    client_admin = _client_admin(given)
    users.add(_operator(), asked.name, password, admin=asked.admin, permissions=rights, client_admin=client_admin)
    _note_temporary(users, asked.name)
    return 0


def _user_allow(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    if wrong := _unclear(asked, asked.name):
        return _complain(wrong)
    users = _users(asked, store, clock)
    rights, given = _given(asked, store)
    user = _known(users, asked.name)
    kept = [key for key in user.client_admin if key not in given]
    users.change(
        _operator(), user.id, admin=asked.admin, permissions=rights, client_admin=[*kept, *_client_admin(given)]
    )
    return 0


def _client_admin(given: Mapping[str, Role]) -> list[str]:
    return [key for key, role in given.items() if role is Role.CLIENT_ADMIN]


def _given(asked: argparse.Namespace, store: Store) -> tuple[Rights, dict[str, Role]]:
    """Return the permissions and the roles by key.

    Raises InvalidPassword for a client that does not exist.
    """
    keys: dict[str, str] = {}
    for name in asked.rights or {}:
        keys[name] = name
        if name.startswith(CLIENT):
            with store.read() as tx:
                found = clients.named(tx, name.removeprefix(CLIENT))
            if found is None:
                raise InvalidPassword(f"There is no {name}. Open Clients to see which there are.")
            keys[name] = client_key(found.id)
    rights = {keys[name]: may for name, may in (asked.rights or {}).items()}
    return rights, {keys[name]: role for name, role in (asked.roles or {}).items()}


def _user_list(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    for user in _users(asked, store, clock).list_all(_operator()):
        way = "password" if user.has_password else "provider"
        seen = f"last sign-in {_day(user.last_sign_in_at)}" if user.last_sign_in_at else "never signed in"
        state = f"disabled {_day(user.disabled_at)}" if user.disabled_at else seen
        _say("\t".join((user.name, _rights(user), way, state)))
    return 0


def _user_disable(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    users = _users(asked, store, clock)
    if asked.hand_over and not asked.to:
        return _complain("Who answers for these tokens from now on? Give --to ADMIN with --hand-over.")
    user = _known(users, asked.name)
    released = users.disable(_operator(), user.id, hand_over=asked.hand_over, to=asked.to)
    for token in released.revoked:
        _say(f"revoked\t{token.id}\t{token.name}\t{_rights(token)}")
    for token in released.handed_over:
        _say(f"handed over to {asked.to}\t{token.id}\t{token.name}\t{_rights(token)}")
    with store.read() as tx:
        known = known_passwords.find(tx, token_owners.names_of(tx, user)).unchanged
    if known:
        them = count(len(known), "unchanged password")
        _note(f"{user.name} could have read {them} of mailboxes. Their card on Team and API lists and resets them.")
    return 0


def _user_enable(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    users = _users(asked, store, clock)
    users.enable(_operator(), _known(users, asked.name).id)
    return 0


def _user_password(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    users = _users(asked, store, clock)
    user = _known(users, asked.name)
    users.set_password(_operator(), user.id, _password())
    _note_temporary(users, asked.name)
    return 0


def _note_temporary(users: Users, name: str) -> None:
    user = _known(users, name)
    if user.password_ends_at is not None:
        _note(f"{user.name} has to change this password at the next sign-in, by {_day(user.password_ends_at)}.")


def _user_reset_factor(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    user = _known(_users(asked, store, clock), asked.name)
    factors = SecondFactors(store, clock, asked.settings, sandbox=asked.settings.sandbox)
    factors.reset(_operator(), user.id)
    return 0


def _users(asked: argparse.Namespace, store: Store, clock: SystemClock) -> Users:
    return Users(store, clock, provider=asked.provider, agency=asked.agency)


def _known(users: Users, name: str) -> UserRecord:
    user = users.find(name)
    if user is None:
        raise InvalidPassword(f"There is no user {name}. See: script/mxm user list")
    return user


def _password() -> str:
    """Return a new password, typed twice unseen, or the one line that is piped in.

    It is never an argument, since those are visible in process lists.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != typed:
        raise InvalidPassword("These are two different passwords. Nothing was changed.")
    return typed


# Time.


def _time(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    with store.read() as tx:
        jump = clock_guard.jump(tx)
    _say(
        store_problems.clock_jumped(jump.since, jump.at, jump.until)
        if jump
        else "The clock of this server did not jump."
    )
    return 0


def _time_confirm(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    with store.write() as tx:
        clock_guard.confirm(tx, _operator(), clock.now())
    _say("The time is taken to be right: what is old is forgotten again.")
    return 0


# The audit log.


def _audit_verify(_asked: argparse.Namespace, store: Store, _clock: SystemClock) -> int:
    found = audit_check.verify(store)
    for line in audit_texts.verification(found):
        _say(line)
    return 0 if found.intact else 1


def _audit_accept(asked: argparse.Namespace, store: Store, _clock: SystemClock) -> int:
    found = audit_check.verify(store)
    if found.intact:
        _say(audit_texts.NOTHING_TO_ACCEPT)
        return 0
    for line in audit_texts.problems(found):
        _say(line)
    if not asked.yes and input(audit_texts.ASKED).strip().lower() != "yes":
        return _complain(audit_texts.NOT_ACCEPTED)
    try:
        left = audit_check.accept(store, _operator(), found)
    except AuditChanged as problem:
        return _complain(str(problem))
    for line in audit_texts.verification(left):
        _say(line)
    return 0 if left.intact else 1


# Backups.


def _backup(asked: argparse.Namespace, store: Store, _clock: SystemClock) -> int:
    passphrase, secret_key = _passphrase(asked)
    made = backup.make(store, asked.file, passphrase, secret_key)
    with store.write() as tx:
        backup.note(tx, _operator(), made)
    _say(backups.backed_up(str(made.path), made.size))
    return 0


def _restore(asked: argparse.Namespace, clock: SystemClock) -> int:
    if asked.settings.database_url.get_secret_value():
        return _complain(store_problems.NO_RESTORE_TO_SERVER)
    passphrase, secret_key = _passphrase(asked)
    made_at = backup.restore(asked.file, asked.settings.data_dir, passphrase, clock, _operator(), secret_key)
    _say(backups.restored(made_at, clock.now()))
    return 0


def _database_copy(asked: argparse.Namespace, clock: SystemClock) -> int:
    settings: Settings = asked.settings
    secret_key, configured = settings.secret_key.get_secret_value(), settings.database_url.get_secret_value()
    done = database_copy.copy(asked.source, asked.target, configured, clock, secret_key, _operator())
    _say(database_copies.copied(done.tables, done.rows, done.source, done.target))
    _say(database_copies.AUDIT_BROKEN if done.broke_audit_log else database_copies.AUDIT_VERIFIED)
    _say(database_copies.KEY_OF_FILE if done.key_from_file else database_copies.SAME_KEY)
    _say(database_copies.ONLY_ONE)
    return 0


def _passphrase(asked: argparse.Namespace) -> tuple[str, str]:
    """Return the passphrase of backups and MXM_SECRET_KEY, with a remark on a short passphrase."""
    settings: Settings = asked.settings
    passphrase = settings.backup_passphrase.get_secret_value()
    if passphrase and len(passphrase) < backups.LONG_ENOUGH and asked.do is _backup:
        _note(backups.SHORT_PASSPHRASE)
    return passphrase, settings.secret_key.get_secret_value()


def _continue(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    with store.write() as tx:
        ended = hold.end(tx, _operator(), clock.now())
    _say(backups.CONTINUED if ended else backups.NOTHING_WAITS)
    return 0


# The key.


def _key_accept(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    with store.write() as tx:
        audit_chain.continue_under(tx, clock.now())
        key_check.record(tx, store.key)
    _say(store_problems.KEY_ACCEPTED)
    return 0


# Persons.


def _person_export(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    address, by = _subject(asked.address), _operator()
    held = person.held(store, address)
    with store.write() as tx:
        # After an erasure, an export must not bring the address back into the log.
        on = address if person.is_known(held) else "a person"
        audit.record(tx, by, AuditAction.PERSON_EXPORT, at=clock.now(), on=on)
    _say(json.dumps(held, ensure_ascii=False, indent=2, default=str))
    if not person.is_known(held) and "last_list" not in held["mailbox"]:
        _note(person_texts.NOTHING)
    return 0


def _person_erase(asked: argparse.Namespace, store: Store, _clock: SystemClock) -> int:
    address = _subject(asked.address)
    with store.read() as tx:
        name = person.active_user(tx, address)
    if name:
        return _complain(person_texts.still_a_user(name))
    if not asked.yes and _subject(input(person_texts.asked(address))) != address:
        return _complain("That is another address. Nothing was erased.")
    try:
        done = person_erasure.erase(store, address, _operator())
    except person_erasure.StillAUser as problem:  # enabled while we asked, or erased
        return _complain(str(problem))
    try:
        clean = erasure.finish(store)
    except (KeyboardInterrupt, StoreUnavailable):  # all is erased, and the server finishes this
        clean = False
    for line in person_texts.report(done.text, done.stays, clean=clean) if done else [person_texts.NOTHING]:
        _say(line)
    return 0


def _subject(typed: str) -> str:
    """Return the address or user name that was typed, as the store has it."""
    return addresses.email(typed.strip().lower())


# The command line.


def _unclear(asked: argparse.Namespace, who: str) -> str:
    """Return what is wrong with the given permissions; blank when nothing is."""
    rights: Rights = asked.rights or {}
    if asked.admin and rights:
        return "An admin may do everything: leave --domain and --permission out."
    if not asked.admin and not rights:
        return f"What may {who} do? Give --admin, or --domain or --client with --role or --permission."
    if idle := [domain for domain, permissions in rights.items() if not permissions]:
        return f"What may {who} do in {idle[0]}? Give --permission after --domain."
    return ""


def _parser() -> argparse.ArgumentParser:
    program = "mxm" if Path(sys.argv[0]).name == "mxm" else "script/mxm"
    parser = argparse.ArgumentParser(program, description="Manage this MXM from the command line.")
    parser.add_argument("--version", action="version", version=f"MXM {__version__}")
    rooms = parser.add_subparsers(
        required=True, metavar="{serve,token,user,audit,person,time,backup,restore,continue,key}"
    )
    serve = rooms.add_parser(
        "serve", help="start the dashboard and the API", usage=f"{program} serve [OPTION ...]", allow_abbrev=False,
        description="Start the dashboard and the API, and print their address. Options go to Streamlit, for example "
        "--server.port 8600 --server.address 0.0.0.0. The data folder is MXM_DATA_DIR, else data/ in this folder.",
    )  # fmt: skip
    serve.set_defaults(do=_serve)
    tokens = rooms.add_parser("token", help="tokens of the HTTP API").add_subparsers(required=True, metavar="COMMAND")
    create = _command(tokens, "create", _token_create, "make a token, and print it: it is shown this once")
    create.add_argument("name", help="what it is for")
    _may(create, (Role.VIEWER, Role.HELPDESK, Role.MANAGER))
    create.add_argument(
        "--expires", type=parse_period, default=USUAL_DAYS, metavar="90d",
        help="when it ends by itself: 12h, 90d, 2w, 1y (the default), or never",
    )  # fmt: skip
    _command(tokens, "list", _token_list, "number, name, permissions, maker, end and use of every token")
    revoke = _command(tokens, "revoke", _token_revoke, "end a token at once")
    revoke.add_argument("number", type=int, help="its number, as the list says")
    hand = _command(tokens, "hand-over", _token_hand_over, "let another admin answer for a token")
    hand.add_argument("number", type=int, help="its number, as the list says")
    hand.add_argument("admin", help="a user who is an admin")

    users = rooms.add_parser("user", help="people who sign in").add_subparsers(required=True, metavar="COMMAND")
    asks = "asked for twice, or read as one line from what is piped in"
    add = _command(users, "add", _user_add, f"let a person in; the password is {asks}")
    add.add_argument("name", help="a name or an email address")
    _may(add, Role)
    add.add_argument("--no-password", action="store_true", help="they sign in at the OpenID Connect provider only")
    allow = _command(users, "allow", _user_allow, "replace what a user may do, from their next click on")
    allow.add_argument("name", help="as the list says")
    _may(allow, Role)
    _command(users, "list", _user_list, "name, permissions, way in and last sign-in of every user")
    disable = _command(users, "disable", _user_disable, "block sign-in, end sessions and tokens; lists those tokens")
    disable.add_argument("name", help="as the list says")
    disable.add_argument(
        "--hand-over", type=int, action="append", default=[], metavar="NUMBER",
        help="a token to keep, for which another admin answers from now on; repeatable",
    )  # fmt: skip
    disable.add_argument("--to", default="", metavar="ADMIN", help="the admin who answers for these tokens")
    for name, do, means in (
        ("enable", _user_enable, "let a disabled user in again"),
        ("password", _user_password, f"give a user a temporary password, {asks}; ends their sessions"),
        ("reset-factor", _user_reset_factor, "remove a user's second factor, and end their sessions"),
    ):
        _command(users, name, do, means).add_argument("name", help="as the list says")

    audits = rooms.add_parser("audit", help="the audit log").add_subparsers(required=True, metavar="COMMAND")
    verify = "check the hash of every entry; the status is 1 when the log breaks or cannot be verified"
    _command(audits, "verify", _audit_verify, verify)
    accept = "print what is wrong, and accept it: the alarm becomes a remark with a date"
    _command(audits, "accept", _audit_accept, accept).add_argument(
        "--yes", action="store_true", help="do not ask first"
    )

    about = rooms.add_parser("person", help="the data of one person")
    persons = about.add_subparsers(required=True, metavar="COMMAND")
    export = _command(persons, "export", _person_export, "print what MXM stores about a person, as JSON")
    erase = _command(persons, "erase", _person_erase, "erase what MXM stores about a person, and print what stays")
    for command in (export, erase):
        command.add_argument("address", help="of a mailbox, a recovery email or a user")
    erase.add_argument("--yes", action="store_true", help="do not ask first")

    times = rooms.add_parser("time", help="the clock of the server").add_subparsers(required=True, metavar="COMMAND")
    _command(times, "show", _time, "whether the clock went far ahead, so that nothing is forgotten for its age now")
    _command(times, "confirm", _time_confirm, "take the clock to be right, so that what is old is forgotten again")

    make = _command(rooms, "backup", _backup, "back up database and key, encrypted under MXM_BACKUP_PASSPHRASE")
    make.add_argument("file", type=Path, help="a new file; the server may run meanwhile")
    restore = _command(rooms, "restore", _restore, "restore a backup into an empty data folder")
    restore.add_argument("file", type=Path, help="a backup")
    databases = rooms.add_parser("database", help="where the data is").add_subparsers(required=True, metavar="COMMAND")
    copied = _command(databases, "copy", _database_copy, "copy everything between SQLite and PostgreSQL, either way")
    place = "a data folder, sqlite:///FILE, postgresql+psycopg://…, or the word MXM_DATABASE_URL for what is set there"
    copied.add_argument("source", metavar="FROM", help=place)
    copied.add_argument("target", metavar="TO", help="the same; an empty place")
    keys = rooms.add_parser("key", help="the key of the server").add_subparsers(required=True, metavar="COMMAND")
    _command(keys, "accept", _key_accept, "use a database whose key is lost with the present one")
    _command(rooms, "continue", _continue, "after a restore, let runs, tokens and nightly backups act again")
    return parser


def _may(command: argparse.ArgumentParser, roles: Iterable[Role]) -> None:
    """Add the options for permissions."""
    command.add_argument("--admin", action="store_true", help="everything, in every domain")
    command.add_argument("--domain", action=AddDomain, metavar="D", help="a domain to work with, * for all; repeatable")
    command.add_argument(
        "--client", action=AddClient, metavar="C", help="a client, for the domains that it has at any time; repeatable"
    )
    command.add_argument(
        "--role", action=AddRole, choices=[role.replace(" ", "-") for role in roles], metavar="R",
        help=f"what they are there: {', '.join(role.replace(' ', '-') for role in roles)}",
    )  # fmt: skip
    command.add_argument(
        "--permission", action=AddPermission, choices=[right.value for right in Permission], metavar="P",
        help=f"what to do there: {', '.join(Permission)}; import includes view; repeatable",
    )  # fmt: skip
    command.set_defaults(rights=None, roles=None)


def _command(
    among: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, do: Callable[..., int], summary: str
) -> argparse.ArgumentParser:
    command = among.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.set_defaults(do=do)
    return command


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
