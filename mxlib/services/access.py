"""Who gets in, as the page manages it: people and their permissions, tokens, and everybody's own password."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.passwords import MIN_LENGTH, InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Forbidden, Permission, with_included
from mxlib.auth.sign_in import Authenticator
from mxlib.auth.throttle import TooManyAttempts
from mxlib.auth.token_owners import Mark, Released, maker, marks, works
from mxlib.auth.token_owners import told as told_mark
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core import passwords
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.store import Store, StoreUnavailable, audit, sessions
from mxlib.store import users as people
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord

__all__ = [
    "MIN_LENGTH",
    "REFUSALS",
    "AccessService",
    "Grants",
    "Mark",
    "Person",
    "Released",
    "TokenRecord",
    "UserRecord",
    "grants",
    "maker",
    "marks",
    "told_mark",
    "works",
]

#: What may stand against something that is asked here; each is one sentence.
REFUSALS = (Forbidden, InvalidPassword, TooManyAttempts, StoreUnavailable)

#: Permissions by domain; EVERY_DOMAIN stands for all, those that come later too.
Grants = dict[str, frozenset[Permission]]


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the page lists them; `browsers` is how many they are signed in with."""

    user: UserRecord
    browsers: int
    you: bool


@resolves_callers
class AccessService:
    """Manages people and tokens for admins, and for everybody what is their own."""

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
        self._users, self._tokens, self._entrance = users, tokens, authenticator

    # How it stands.

    def sign_in_required(self) -> bool:
        """Whether people have to sign in."""
        return self._entrance.sign_in_required()

    def by_provider(self) -> bool:
        """Whether people can sign in at an OpenID Connect provider, without a password here."""
        return bool(self._entrance.settings.oidc_issuer)

    def domains(self, caller: Caller, held: Iterable[str] = ()) -> tuple[str, ...]:
        """The domains that permissions can be given for: the account's, then those of `held` that are elsewhere."""
        names = self._lists.domains(caller).names
        return (*names, *sorted(set(held) - set(names) - {EVERY_DOMAIN}))

    # People.

    def people(self, by: Caller) -> tuple[Person, ...]:
        """Everybody by name, disabled ones too."""
        records = self._users.list_all(by)
        browsers = self._browsers()
        return tuple(Person(record, browsers.get(record.id, 0), record.name == by.name) for record in records)

    def add(
        self, by: Caller, name: str, password: str | None, *, admin: bool, given: Mapping[str, Iterable[Permission]]
    ) -> int:
        """A new user, without a password one who signs in at the provider; the number."""
        if password is None and not self.by_provider():
            raise InvalidPassword("Nobody can sign in without a password while MXM_OIDC_ISSUER is not set.")
        return self._users.add(by, name, password, admin=admin, permissions=given)

    def add_with_typed(
        self, by: Caller, name: str, password: str, again: str, *, admin: bool,
        given: Mapping[str, Iterable[Permission]],
    ) -> int:  # fmt: skip
        """A new user with a password that was typed twice; the number."""
        _alike(password, again)
        return self.add(by, name, password, admin=admin, given=given)

    def add_with_password(
        self, by: Caller, name: str, *, admin: bool, given: Mapping[str, Iterable[Permission]]
    ) -> str:
        """A new user with a password that nobody knew before; it can not be had again."""
        password = passwords.generate()
        self.add(by, name, password, admin=admin, given=given)
        return password

    def allow(self, by: Caller, number: int, *, admin: bool, given: Mapping[str, Iterable[Permission]]) -> None:
        """Say anew what somebody may do."""
        self._users.change(by, number, admin=admin, permissions=given)

    def disable(self, by: Caller, number: int, *, hand_over: Collection[int] = (), to: str = "") -> Released:
        """Sign somebody out everywhere, block their sign-in and end their tokens, but for those handed to `to`."""
        return self._users.disable(by, number, hand_over=hand_over, to=to)

    def tokens_of(self, by: Caller, number: int) -> tuple[TokenRecord, ...]:
        """Return the tokens that somebody answers for and that work, newest first."""
        return tuple(self._tokens.of(by, number))

    def admins(self, by: Caller, *, besides: int) -> tuple[str, ...]:
        """Return the names of the admins who are not disabled, without user `besides`; the caller first."""
        able = [user for user in self._users.list_all(by) if user.admin and user.disabled_at is None]
        return tuple(sorted((user.name for user in able if user.id != besides), key=lambda name: name != by.name))

    def enable(self, by: Caller, number: int) -> None:
        """Let somebody in again."""
        self._users.enable(by, number)

    def unlink(self, by: Caller, number: int) -> None:
        """Forget somebody's account at the provider, and sign them out; the next one with their address is theirs."""
        self._users.unlink(by, number)

    def new_password(self, by: Caller, number: int) -> str:
        """Give somebody else a password that nobody knew before, and sign them out everywhere; it can not be had again.

        Raises Unfit for one's own: who is signed out everywhere never reads it, and the last admin would stay outside.
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

    def sign_out(self, by: Caller, number: int) -> int:
        """Sign somebody out everywhere; in how many browsers they were signed in. Everybody may do it to themselves."""
        with self._store.write() as tx:
            user = people.get(tx, number)
            if user is None or by.kind == CallerKind.TOKEN or not (by.admin or user.name == by.name):
                raise Forbidden("Only admins sign others out.")
            ended = sessions.end_all(tx, number)
            audit.record(tx, by, AuditAction.SIGN_OUT_EVERYWHERE, at=self._clock.now(), on=user.name)
        self._entrance.sessions.wake(ended)
        return len(ended)

    # One's own.

    def own(self, caller: Caller) -> Person | None:
        """The caller as a user; None while nobody has to sign in."""
        record = self._users.find(caller.name) if self.sign_in_required() else None
        return None if record is None else Person(record, self._browsers().get(record.id, 0), you=True)

    def change_own_password(self, caller: Caller, current: str, new: str, again: str, *, keep: str = "") -> None:
        """Change one's own password; other browsers are signed out. `keep` is the id of the session that stays."""
        _alike(new, again)
        self._users.change_own_password(caller, current, new, keep=keep)

    def _browsers(self) -> dict[int, int]:
        settings, now = self._entrance.settings, self._clock.now()
        began_since, seen_since = now - settings.session_hours * 3600.0, now - settings.session_idle_hours * 3600.0
        with self._store.read() as tx:
            return sessions.signed_in(tx, began_since=began_since, seen_since=seen_since)

    # Tokens.

    def tokens(self, by: Caller) -> tuple[TokenRecord, ...]:
        """All tokens, newest first; those that work no more too."""
        return tuple(self._tokens.list_all(by))

    def create_token(
        self, by: Caller, name: str, *, admin: bool, given: Mapping[str, Iterable[Permission]], days: float | None
    ) -> str:
        """A new token, in full: it can not be had again."""
        kept = grants(given)
        if not admin and not kept:
            raise InvalidPassword("It may do nothing yet. Tick a permission, or make it an admin's.")
        return self._tokens.create(by, name, admin=admin, domains={} if admin else kept, days=days)

    def hand_token_over(self, by: Caller, number: int, to: str) -> None:
        """Let another admin answer for a token."""
        self._tokens.hand_over(by, number, to)

    def revoke_token(self, by: Caller, number: int) -> bool:
        """End a token at once; whether there was one to end."""
        return self._tokens.revoke(by, number)


def _alike(password: str, again: str) -> None:
    if password != again:
        raise InvalidPassword("The two passwords differ. Type the same one twice.")


def grants(given: Mapping[str, Iterable[Permission | str]]) -> Grants:
    """Permissions by domain, with those that they include, without domains that have none."""
    kept = {domain: with_included(rights) for domain, rights in given.items()}
    return {domain: rights for domain, rights in kept.items() if rights}
