"""Manage access for the page: people with their permissions, tokens, and one's own password."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from mxlib.auth.authority import resolves_callers
from mxlib.auth.password_queue import QueueFull
from mxlib.auth.passwords import POLICY, InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Forbidden, Permission, with_included
from mxlib.auth.roles import client_key, client_of, clients_in, place
from mxlib.auth.second_factor import FactorState
from mxlib.auth.sessions import Session
from mxlib.auth.sign_in import OVER, Authenticator, SignInRefused
from mxlib.auth.sign_in_steps import StepRefused
from mxlib.auth.throttle import TooManyAttempts
from mxlib.auth.token_owners import Mark, Released, describe_mark, maker, marks, works
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core import passwords
from mxlib.core.vocabulary import AuditAction, CallerKind, SecondFactorMode
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.store import Store, StoreUnavailable, audit, client_grants, sessions
from mxlib.store import users as people
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord

__all__ = [
    "POLICY",
    "REFUSALS",
    "AccessService",
    "Grants",
    "Mark",
    "Person",
    "Released",
    "TokenRecord",
    "UserRecord",
    "WayToConfirm",
    "describe_mark",
    "grants",
    "maker",
    "marks",
    "works",
]

#: Errors that refuse a request of this service; each message is one sentence.
REFUSALS = (Forbidden, InvalidPassword, TooManyAttempts, StoreUnavailable)

#: Permissions by domain; EVERY_DOMAIN means all, also those added later.
Grants = dict[str, frozenset[Permission]]


class WayToConfirm(Enum):
    """The way in which people confirm who they are."""

    PASSWORD = "password"  # noqa: S105 - a kind of secret, no secret
    CODE = "password and code"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the page lists them; `browsers` counts where they are signed in."""

    user: UserRecord
    browsers: int
    you: bool
    #: When they set up their second factor; None without one.
    factor_since: float | None = None


@resolves_callers
class AccessService:
    """Manages people and tokens for admins, and for everyone their own."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lists: MailboxLists,
        users: Users,
        tokens: Tokens,
        authenticator: Authenticator,
    ) -> None:
        self._store, self._clock, self._lists = store, clock, lists
        self._users, self._tokens, self._authenticator = users, tokens, authenticator

    # State.

    def sign_in_required(self) -> bool:
        """Return whether people have to sign in."""
        return self._authenticator.sign_in_required()

    def by_provider(self) -> bool:
        """Return whether people can sign in at an OpenID Connect provider, without a password here."""
        return bool(self._authenticator.settings.oidc_issuer)

    def domains(self, caller: Caller, held: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the domains that permissions can be given for.

        Those of the account come first, then those of `held` that are not on it.
        """
        names = self._lists.domains(caller).names
        return (*names, *sorted(set(held) - set(names) - {EVERY_DOMAIN}))

    def places(self, caller: Caller, held: Iterable[str] = ()) -> dict[str, str]:
        """Return what roles can be given for: every domain, clients and domains, each key with its label."""
        clients = self.clients(caller)
        labels = {EVERY_DOMAIN: "All domains, including new ones"}
        labels |= {client_key(number): f"{name} (client)" for number, name in clients.items()}
        domains = self.domains(caller, (key for key in held if client_of(key) is None))
        gone = sorted(key for key in held if client_of(key) is not None and key not in labels)
        return labels | {domain: domain for domain in domains} | {key: place(key) for key in gone}

    def clients(self, caller: Caller) -> dict[int, str]:
        """Return the names of clients by number: all of them for admins, else those of the caller's own grants."""
        with self._store.read() as tx:
            known = client_grants.names(tx)
            own = None if caller.admin else people.named(tx, caller.name)
        mine = known.keys() if caller.admin else clients_in(own.permissions if own else ())
        return {number: name for number, name in known.items() if number in mine}

    # People.

    def people(self, by: Caller) -> tuple[Person, ...]:
        """Return everyone by name, disabled users too."""
        records = self._users.list_all(by)
        browsers, factors = self._browsers(), self._authenticator.second_factors.enrolled()
        return tuple(
            Person(record, browsers.get(record.id, 0), record.name == by.name, factors.get(record.id))
            for record in records
        )

    def add(
        self, by: Caller, name: str, password: str | None, *, admin: bool,
        given: Mapping[str, Iterable[Permission]], client_admin: Collection[str] = (),
    ) -> int:  # fmt: skip
        """Add a user and return the number.

        Without a password they sign in at the provider. Raises InvalidPassword when there is neither.
        """
        if password is None and not self.by_provider():
            raise InvalidPassword("Nobody can sign in without a password while MXM_OIDC_ISSUER is not set.")
        return self._users.add(by, name, password, admin=admin, permissions=given, client_admin=client_admin)

    def add_with_typed(
        self, by: Caller, name: str, password: str, again: str, *, admin: bool,
        given: Mapping[str, Iterable[Permission]], client_admin: Collection[str] = (),
    ) -> int:  # fmt: skip
        """Add a user with a password that was typed twice; return the number."""
        _alike(password, again)
        return self.add(by, name, password, admin=admin, given=given, client_admin=client_admin)

    def add_with_password(
        self, by: Caller, name: str, *, admin: bool, given: Mapping[str, Iterable[Permission]],
        client_admin: Collection[str] = (),
    ) -> str:  # fmt: skip
        """Add a user with a generated password and return it; it is not shown again."""
        password = passwords.generate()
        self.add(by, name, password, admin=admin, given=given, client_admin=client_admin)
        return password

    def allow(
        self, by: Caller, number: int, *, admin: bool, given: Mapping[str, Iterable[Permission]],
        client_admin: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Replace the permissions of a user; in `client_admin` they are a client admin."""
        self._users.change(by, number, admin=admin, permissions=given, client_admin=client_admin)

    def disable(self, by: Caller, number: int, *, hand_over: Collection[int] = (), to: str = "") -> Released:
        """Sign a user out everywhere, block their sign-in and revoke their tokens.

        Tokens in `hand_over` stay valid and go to the admin `to`.
        """
        return self._users.disable(by, number, hand_over=hand_over, to=to)

    def tokens_of(self, by: Caller, number: int) -> tuple[TokenRecord, ...]:
        """Return the valid tokens that a user is responsible for, newest first."""
        return tuple(self._tokens.of(by, number))

    def admins(self, by: Caller, *, besides: int) -> tuple[str, ...]:
        """Return the names of the admins who are not disabled, the caller first.

        User `besides` is left out.
        """
        able = [user for user in self._users.list_all(by) if user.admin and user.disabled_at is None]
        return tuple(sorted((user.name for user in able if user.id != besides), key=lambda name: name != by.name))

    def enable(self, by: Caller, number: int) -> None:
        """Let a disabled user sign in again."""
        self._users.enable(by, number)

    def unlink(self, by: Caller, number: int) -> None:
        """Drop the link to a user's account at the provider, and sign them out.

        The next account there that has their address is linked to them.
        """
        self._users.unlink(by, number)

    def new_password(self, by: Caller, number: int) -> str:
        """Give another user a generated password and sign them out everywhere.

        The password is returned, and not shown again. Raises InvalidPassword for your own account: you would be
        signed out before you could read it, and the last admin would be locked out.
        """
        own = self._users.find(by.name) if by.admin else None
        if own is not None and own.id == number:
            raise InvalidPassword(
                "You would be signed out before you could read it. Change your own under You, or on the server: "
                f"script/mxm user password {own.name}"
            )
        password = passwords.generate()
        self._users.set_password(by, number, password)
        return password

    def reset_second_factor(self, by: Caller, number: int) -> None:
        """Remove another user's second factor: phone and recovery codes are lost.

        They are signed out everywhere, and set up a new one at the next sign-in where it is required.
        """
        self._authenticator.second_factors.reset(by, number)

    def sign_out(self, by: Caller, number: int) -> int:
        """Sign a user out everywhere; return in how many browsers they were signed in.

        Everyone may do it to themselves, only admins to others.
        """
        with self._store.write() as tx:
            user = people.get(tx, number)
            if user is None or by.kind == CallerKind.TOKEN or not (by.admin or user.name == by.name):
                raise Forbidden("Only admins sign others out. Ask an admin.")
            ended = sessions.end_all(tx, number)
            audit.record(tx, by, AuditAction.SIGN_OUT_EVERYWHERE, at=self._clock.now(), on=user.name)
        self._authenticator.sessions.wake(ended)
        return len(ended)

    # One's own.

    def own(self, caller: Caller) -> Person | None:
        """Return the caller as a user; None while sign-in is not required."""
        record = self._users.find(caller.name) if self.sign_in_required() else None
        return None if record is None else Person(record, self._browsers().get(record.id, 0), you=True)

    def own_factor(self, person: Person) -> FactorState | None:
        """Return a user's own second factor; None without one."""
        return self._authenticator.second_factors.state(person.user)

    def offers_second_factor(self, person: Person) -> bool:
        """Return whether this user can set up a second factor: only people with a password."""
        return person.user.has_password and self._authenticator.second_factors.mode is not SecondFactorMode.OFF

    def way_to_confirm(self, opened_in: str) -> WayToConfirm:
        """Return how the user of a session, by its name, confirms who they are."""
        session = self._session(opened_in)
        if self._authenticator.confirms_at_provider(session):
            return WayToConfirm.PROVIDER
        return WayToConfirm.CODE if self._authenticator.asks_for_code(session) else WayToConfirm.PASSWORD

    def confirm(self, caller: Caller, opened_in: str, password: str, code: str = "") -> None:
        """Accept password and code, which confirm who the user is.

        `opened_in` is the name of their session. Raises InvalidPassword and TooManyAttempts.
        """
        session = self._session(opened_in)
        if session.name != caller.name:
            raise Forbidden("This session is another user's. Sign in again.")
        try:
            self._authenticator.confirm(session, password, code, caller.address)
        except (SignInRefused, StepRefused, QueueFull) as error:
            raise InvalidPassword(str(error)) from None

    def _session(self, opened_in: str) -> Session:
        session = self._authenticator.sessions.named(opened_in) if opened_in else None
        if session is None:
            raise Forbidden(OVER)
        return session

    def change_own_password(self, caller: Caller, current: str, new: str, again: str, *, keep: str = "") -> None:
        """Change one's own password and sign other browsers out.

        `keep` is the id of the session that stays.
        """
        _alike(new, again)
        self._users.change_own_password(caller, current, new, keep=keep)

    def _browsers(self) -> dict[int, int]:
        with self._store.read() as tx:
            return self._authenticator.sessions.browsers(tx)

    # Tokens.

    def tokens(self, by: Caller) -> tuple[TokenRecord, ...]:
        """Return all tokens, newest first, those that are no longer valid too."""
        return tuple(self._tokens.list_all(by))

    def create_token(
        self, by: Caller, name: str, *, admin: bool, given: Mapping[str, Iterable[Permission]], days: float | None
    ) -> str:
        """Create a token and return it in full; it is not shown again."""
        kept = grants(given)
        if not admin and not kept:
            raise InvalidPassword("It may do nothing yet. Tick a permission, or make it an admin's.")
        return self._tokens.create(by, name, admin=admin, domains={} if admin else kept, days=days)

    def hand_token_over(self, by: Caller, number: int, to: str) -> None:
        """Make another admin responsible for a token."""
        self._tokens.hand_over(by, number, to)

    def revoke_token(self, by: Caller, number: int) -> bool:
        """Revoke a token at once; return whether there was a valid one."""
        return self._tokens.revoke(by, number)


def _alike(password: str, again: str) -> None:
    if password != again:
        raise InvalidPassword("The two passwords differ. Type the same one twice.")


def grants(given: Mapping[str, Iterable[Permission | str]]) -> Grants:
    """Return permissions by domain with those they include, without empty domains."""
    kept = {domain: with_included(rights) for domain, rights in given.items()}
    return {domain: rights for domain, rights in kept.items() if rights}
