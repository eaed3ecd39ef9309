"""The admin command, `script/mxm`: what must be possible before anybody can sign in."""

import argparse
import getpass
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from mxlib.auth.permissions import Caller, Permission
from mxlib.auth.tokens import Tokens
from mxlib.clock import SystemClock
from mxlib.settings import Settings, SettingsError
from mxlib.store import FILE, Store, Unwritable
from mxlib.store.tokens import TokenRecord

_PERIOD = re.compile(r"([1-9][0-9]{0,4})([hdwy])")
_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "y": 365}

#: Permissions by domain, as the command line names them.
Rights = dict[str, set[Permission]]


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit status."""
    asked = _parser().parse_args(words)
    try:
        settings, clock = Settings(), SystemClock()
        store = Store.open(settings.data_dir / FILE, clock, settings.secret_key.get_secret_value())
        try:
            return int(asked.do(asked, store, clock))
        finally:
            store.close()
    except (SettingsError, Unwritable) as error:
        return _complain(str(error))


def _operator() -> Caller:
    """Whoever may read the database file needs no further permission."""
    return Caller(f"{getpass.getuser()} (script/mxm)", admin=True)


# Tokens.


def _token_create(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    rights: Rights = asked.rights or {}
    if asked.admin and rights:
        return _complain("An admin token may do everything: leave --domain and --permission out.")
    if not asked.admin and not rights:
        return _complain("What may it do? Give --admin, or --domain with --permission.")
    if idle := [domain for domain, permissions in rights.items() if not permissions]:
        return _complain(f"What may it do in {idle[0]}? Give --permission after --domain.")
    token = Tokens(store, clock).create(
        _operator(), asked.name, admin=asked.admin, domains=rights, days=asked.expires
    )  # fmt: skip
    _say(token)
    return 0


def _token_list(_asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    for token in Tokens(store, clock).every(_operator()):
        _say("\t".join((str(token.id), token.name, _rights(token), _state(token, clock.now()))))
    return 0


def _token_revoke(asked: argparse.Namespace, store: Store, clock: SystemClock) -> int:
    if not Tokens(store, clock).revoke(_operator(), asked.number):
        return _complain(f"There is no token {asked.number} to revoke. See: script/mxm token list")
    return 0


def _rights(token: TokenRecord) -> str:
    if token.admin:
        return "admin"
    return "; ".join(f"{domain}: {', '.join(rights)}" for domain, rights in token.permissions.items())


def _state(token: TokenRecord, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {_day(token.revoked_at)}"
    if token.expires_at is not None and token.expires_at <= now:
        return f"ended {_day(token.expires_at)}"
    used = f"last used {_day(token.last_used_at)}" if token.last_used_at else "never used"
    return f"{used}, ends {_day(token.expires_at)}" if token.expires_at else used


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


# The command line.


class _Domain(argparse.Action):
    """`--domain D`: the permissions that follow are for it."""

    def __call__(self, _parser: object, asked: argparse.Namespace, value: Any, _option: str | None = None) -> None:
        asked.rights = asked.rights or {}
        asked.rights.setdefault(value.strip().lower(), set())
        asked.at = value.strip().lower()


class _Permission(argparse.Action):
    """`--permission P`: for the domain just named."""

    def __call__(
        self, parser: argparse.ArgumentParser, asked: argparse.Namespace, value: Any, _option: str | None = None
    ) -> None:
        if not asked.rights:
            parser.error("--permission comes after the --domain that it is for")
        asked.rights[asked.at].add(Permission(value))


def _period(text: str) -> float:
    """Days of `12h`, `90d`, `2w` or `1y`."""
    found = _PERIOD.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: write 12h, 90d, 2w or 1y")
    return int(found[1]) * _DAYS[found[2]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("script/mxm", description="Manage this MXM from the command line.")
    rooms = parser.add_subparsers(required=True, metavar="token")
    tokens = rooms.add_parser("token", help="tokens of the HTTP API").add_subparsers(required=True, metavar="COMMAND")

    create = _command(tokens, "create", _token_create, "make a token, and print it: it is shown this once")
    create.add_argument("name", help="what it is for")
    create.add_argument("--admin", action="store_true", help="everything, in every domain")
    create.add_argument("--domain", action=_Domain, metavar="D", help="a domain that it may work with; repeatable")
    create.add_argument(
        "--permission", action=_Permission, choices=list(Permission), metavar="P",
        help=f"what it may do there: {', '.join(Permission)}; repeatable",
    )  # fmt: skip
    create.add_argument("--expires", type=_period, metavar="90d", help="when it ends by itself: 12h, 90d, 2w, 1y")
    create.set_defaults(rights=None)

    _command(tokens, "list", _token_list, "number, name, permissions and use of every token")
    revoke = _command(tokens, "revoke", _token_revoke, "end a token at once")
    revoke.add_argument("number", type=int, help="its number, as the list says")
    return parser


def _command(
    among: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, do: Callable[..., int], told: str
) -> argparse.ArgumentParser:
    command = among.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    command.set_defaults(do=do)
    return command


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
