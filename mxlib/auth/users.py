"""Users who sign in: their identity, permissions and passwords."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from mxlib.auth import authority, passwords, permissions, roles
from mxlib.auth.authority import resolves_callers
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.roles import Role
from mxlib.auth.throttle import Throttle, normalise_name
from mxlib.auth.token_owners import Released, expanded, release
from mxlib.auth.tokens import digest
from mxlib.clock import Clock
from mxlib.core import password_strength
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import Store, Tx, audit, client_grants, mailbox_lists, sessions, users
from mxlib.store.audit import Actor
from mxlib.store.remembered import Remembered
from mxlib.store.users import UserRecord

#: No blanks and no brackets, so that no user has the name of a token, the local operator or script/mxm.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._+@'-]{0,252}[a-z0-9])?")
_RESERVED = frozenset({"mxm", "engine", "local", LOCAL.name})

#: Permissions by domain, as requested.
Rights = Mapping[str, Iterable[Permission | str]]

#: Seconds until a password ends that another person made.
_TEMPORARY_S = passwords.TEMPORARY_DAYS * 86_400.0

#: Creator of the first admin: the environment.
_ENVIRONMENT = Caller("MXM", admin=True, kind=CallerKind.ENGINE)


@dataclass(frozen=True, slots=True)
class _Rights:
    """The rights of a user: in each domain, and whether the user is disabled."""

    name: str
    admin: bool
    is_disabled: bool
    is_external: bool
    domains: Mapping[str, frozenset[Permission]]


def _present_rights(tx: Tx, name: str) -> _Rights | None:
    """Return the rights of the user of that name; None for nobody."""
    user = users.named(tx, name)
    if user is None:
        return None
    external = not user.admin and roles.is_external(user.permissions, user.client_admin)
    return _Rights(user.name, user.admin, user.disabled_at is not None, external, expanded(tx, user.permissions))


@resolves_callers
class Users:
    """Adds, changes and finds users.

    `provider`: whether people without a password can sign in elsewhere.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        provider: bool = False,
        woken: Callable[[Collection[bytes]], None] = lambda _digests: None,
        agency: Collection[str] = (),
    ) -> None:
        """Create it; `woken` gets the digests of sessions that ended or whose rights changed.

        The open pages of those sessions can then react. `agency` are names of the agency, on which no password
        may rest.
        """
        self._store, self._clock, self._provider, self._woken = store, clock, provider, woken
        self._agency = agency
        self.throttle = Throttle(store, clock)
        self._rights = Remembered(store, _present_rights)
        self._any: Remembered[None, bool] = Remembered(store, lambda tx, _: users.any_exist(tx))

    def any_exist(self) -> bool:
        """Return whether any user exists, even a disabled one."""
        return self._any.of(None)

    def can_sign_in(self) -> bool:
        """Return whether anyone can sign in: a provider, or an enabled user with a password."""
        return self._provider or self.any_has_password()

    def any_has_password(self) -> bool:
        """Return whether a user can sign in with a password."""
        with self._store.read() as tx:
            return users.any_has_password(tx)

    def list_all(self, by: Caller) -> list[UserRecord]:
        """Return all users by name, disabled ones too."""
        _must_be_an_admin(by)
        with self._store.read() as tx:
            return users.list_users(tx)

    def find(self, name: str) -> UserRecord | None:
        """Return the user of that name, in any case."""
        with self._store.read() as tx:
            return users.named(tx, normalise_name(name))

    def of_subject(self, subject: str) -> UserRecord | None:
        """Return the user with this account at the provider."""
        with self._store.read() as tx:
            return users.of_subject(tx, subject)

    def caller(self, name: str, address: str = "") -> Caller:
        """Return the user of that name with present permissions; raises Forbidden if disabled or unknown."""
        rights = self._rights.of(normalise_name(name))
        if rights is None:
            raise Forbidden("You are no longer a user here. Sign in again.")
        if rights.is_disabled:
            raise Forbidden(f"The user {rights.name} is disabled. Ask an admin.")
        source = partial(self.caller, rights.name, address)
        return Caller(
            rights.name, rights.admin, dict(rights.domains), address, source=source, external=rights.is_external
        )

    def verify(self, name: str, password: str) -> UserRecord | None:
        """Return the enabled user of that name if this is the password.

        Unknown names take as long.
        """
        user = self.find(name)
        right = passwords.verify_password(password, user.password_hash if user else None)
        if user is None or not right or user.disabled_at is not None:
            return None
        if user.password_hash and passwords.needs_rehash(user.password_hash):
            with self._store.write() as tx:
                users.change(tx, user.id, password_hash=passwords.hash_password(password))
        return user

    def add(
        self,
        by: Caller,
        name: str,
        password: str | None = None,
        *,
        admin: bool = False,
        permissions: Rights | None = None,
        client_admin: Collection[str] = (),
    ) -> int:
        """Add a user, without `password` one who signs in at the provider; return the number.

        The password is temporary, unless it is that of the first user or of the admin that the environment names: those
        are set by their owners. Raises InvalidPassword.
        """
        _must_be_an_admin(by)
        if admin or password is not None:
            by.require_recent()
        name = _named(name)
        kept = None if password is None else self._hashed(password, name)
        _must_be_an_admin(authority.current(by))  # hashing waits for its turn
        rights = {} if admin else _rights(permissions or {})
        external = _client_admin(rights, client_admin)
        now = self._clock.now()
        with self._store.write() as tx:
            if users.named(tx, name):
                raise InvalidPassword(f"There is a user {name} already.")
            first = not users.any_exist(tx)
            _must_exist(tx, rights)
            number = users.add(
                tx, name=name, admin=admin, permissions=rights, by=by.name, at=now, client_admin=external
            )
            if kept:
                ends = None if first or by.kind == CallerKind.ENGINE else now + _TEMPORARY_S
                users.change(tx, number, password_hash=kept, password_set_at=now, password_ends_at=ends)
            if first and not self._provider and not self._admins(tx):
                raise InvalidPassword(
                    "The first user has to be an admin with a password: from then on everybody signs in. "
                    "Or set MXM_OIDC_ISSUER."
                )
            audit.record(
                tx, by, AuditAction.USER_ADD, at=now, on=name, outcome=_grants_text(tx, admin, rights, external)
            )
        if first:
            self._woken([NO_PASSWORD])
        return number

    def change(
        self,
        by: Caller,
        number: int,
        *,
        admin: bool | None = None,
        permissions: Rights | None = None,
        client_admin: Collection[str] | None = None,
    ) -> None:
        """Change what a user may do, from the next click on.

        `client_admin` are the keys of `permissions` where they are a client admin; None leaves them as they are.
        Raises InvalidPassword for the last admin.
        """
        _must_be_an_admin(by)
        with self._store.write() as tx:
            user = _there(tx, number)
            is_admin = user.admin if admin is None else admin
            if is_admin and not user.admin:
                by.require_recent()
            rights = dict(user.permissions) if permissions is None else _rights(permissions)
            _must_exist(tx, rights.keys() - user.permissions.keys())
            external = _client_admin(rights, user.client_admin if client_admin is None else client_admin)
            before = _grants_text(tx, user.admin, user.permissions, user.client_admin)
            users.change(tx, number, admin=is_admin, permissions=rights, client_admin=external)
            self._require_another_admin(tx, user)
            outcome = _grants_text(tx, is_admin, rights, external)
            detail = {"before": before, "after": outcome}
            audit.record(
                tx, by, AuditAction.USER_CHANGE, at=self._clock.now(), on=user.name, outcome=outcome, detail=detail
            )
            changed = sessions.of_user(tx, number)
        self._woken(changed)

    def disable(self, by: Caller, number: int, *, hand_over: Collection[int] = (), to: str = "") -> Released:
        """Block sign-in, end sessions and tokens; those of `hand_over` go to the admin `to`.

        Raises InvalidPassword.
        """
        _must_be_an_admin(by)
        now = self._clock.now()
        with self._store.write() as tx:
            user = _there(tx, number)
            users.change(tx, number, disabled_at=user.disabled_at or now)
            self._require_another_admin(tx, user)
            ended = sessions.end_all(tx, number)
            audit.record(tx, by, AuditAction.USER_DISABLE, at=now, on=user.name)
            released = release(tx, by, user, hand_over, to, now)
        self._woken(ended)
        return released

    def enable(self, by: Caller, number: int) -> None:
        """Let a disabled user sign in again."""
        _must_be_an_admin(by)
        with self._store.write() as tx:
            user = _there(tx, number)
            if user.admin:
                by.require_recent()
            users.change(tx, number, disabled_at=None)
            audit.record(tx, by, AuditAction.USER_ENABLE, at=self._clock.now(), on=user.name)

    def set_password(self, by: Caller, number: int, new: str) -> None:
        """Give a user a temporary password, and sign them out everywhere. Raises InvalidPassword."""
        _must_be_an_admin(by)
        by.require_recent()
        with self._store.read() as tx:
            user = _there(tx, number)
        self._keep_password(by, user, new, of_others=True)

    def change_own_password(self, caller: Caller, current: str, new: str, *, keep: str = "") -> None:
        """Change the caller's own password, and end their other sessions.

        `keep` is the id of the one that stays. Raises InvalidPassword when the current one is wrong or the new one not
        valid, TooManyAttempts after many wrong ones.
        """
        user = self.find(caller.name) if caller.kind != CallerKind.TOKEN else None
        if user is None:
            raise Forbidden("Sign in first: only signed-in users have a password to change.")
        if not user.has_password:
            raise InvalidPassword("You sign in at the provider, and have no password here. An admin can give you one.")
        self.throttle.enter(user.name, caller.address)
        if self.verify(user.name, current) is None:
            raise InvalidPassword("The current password is not right.")
        with self._store.write() as tx:
            self.throttle.forgive(tx, user.name, caller.address)
        if new == current:
            raise InvalidPassword("The new password is the current one. Choose another.")
        self._keep_password(caller, user, new, digest(keep) if keep else b"")

    def replace_temporary_password(self, user: UserRecord, new: str, address: str, *, keep: bytes) -> None:
        """Replace the temporary password of a user who has just signed in with it.

        `keep` is the digest of their pending sign-in. Raises InvalidPassword.
        """
        by = self.caller(user.name, address)
        if passwords.verify_password(new, user.password_hash):
            raise InvalidPassword("This is the password that you were given. Choose another.")
        self._keep_password(by, user, new, keep)

    def link(self, number: int, subject: str, address: str = "") -> None:
        """Link this account at the provider to that user.

        Raises InvalidPassword when it is another user's. `subject` is "issuer|sub"; `address` is where the first
        sign-in came from.
        """
        with self._store.write() as tx:
            user, holder = _there(tx, number), users.of_subject(tx, subject)
            if (holder and holder.id != number) or user.subject not in (None, subject):
                raise InvalidPassword("This account at the provider belongs to another user here. Ask an admin.")
            if user.subject is None:
                users.change(tx, number, subject=subject)
                issuer = subject.partition("|")[0]
                actor = Actor(user.name, address=address)
                audit.record(tx, actor, AuditAction.USER_LINK, at=self._clock.now(), on=user.name, outcome=issuer)

    def unlink(self, by: Caller, number: int) -> None:
        """Unlink a user's account at the provider, and sign them out.

        The next provider account with their address becomes theirs.
        """
        _must_be_an_admin(by)
        with self._store.write() as tx:
            user = _there(tx, number)
            if user.admin:
                by.require_recent()
            users.change(tx, number, subject=None)
            ended = sessions.end_all(tx, number)
            audit.record(tx, by, AuditAction.USER_UNLINK, at=self._clock.now(), on=user.name)
        self._woken(ended)

    def first_admin(self, name: str, password: str) -> None:
        """Create the admin that the environment names, unless that user exists. Raises InvalidPassword."""
        if self.find(name) is None:
            self.add(_ENVIRONMENT, name, password, admin=True)

    def _keep_password(
        self, by: Caller, user: UserRecord, new: str, keep: bytes = b"", *, of_others: bool = False
    ) -> None:
        kept, now = self._hashed(new, user.name), self._clock.now()
        by = authority.current(by)  # hashing waits for its turn
        if of_others:
            _must_be_an_admin(by)
        with self._store.write() as tx:
            if not of_others and _there(tx, user.id).password_set_at != user.password_set_at:
                raise InvalidPassword("This password was changed meanwhile. Sign in again.")
            ends = now + _TEMPORARY_S if of_others else None
            users.change(tx, user.id, password_hash=kept, password_set_at=now, password_ends_at=ends)
            ended = sessions.end_all(tx, user.id, keep)
            audit.record(tx, by, AuditAction.PASSWORD_SET, at=now, on=user.name)
        self._woken(ended)

    def _hashed(self, password: str, name: str) -> str:
        """Return the hash of a new password; raises InvalidPassword for a weak one."""
        with self._store.read() as tx:
            domains = mailbox_lists.domains(tx)
        known = [*self._agency, *password_strength.words(*(domains.names if domains else ()))]
        passwords.check_policy(password, name, known)
        return passwords.hash_password(password)

    def _require_another_admin(self, tx: Tx, user: UserRecord) -> None:
        """Raise InvalidPassword, which undoes the transaction, when no admin who can sign in would remain."""
        if user.admin and user.disabled_at is None and not self._admins(tx):
            raise InvalidPassword(f"{user.name} is the last admin who can sign in. Make another one first.")

    def _admins(self, tx: Tx) -> list[UserRecord]:
        """Return the admins who can sign in."""
        return [
            user
            for user in users.list_users(tx)
            if user.admin and user.disabled_at is None and (user.has_password or self._provider)
        ]


#: Digest for the sessions of people who needed no sign-in, until the first user exists.
NO_PASSWORD = b""


def _named(name: str) -> str:
    """Return a valid name that is not reserved; raises InvalidPassword."""
    name = normalise_name(name)
    if not name:
        raise InvalidPassword("Type a name, such as kim or kim@agency.example.")
    if name in _RESERVED:
        raise InvalidPassword(f"{name} is a name that MXM uses itself. Choose another.")
    if not _NAME.fullmatch(name):
        raise InvalidPassword("A name has letters a-z, digits and . _ + - @ only, such as kim or kim@agency.example.")
    return name


def _rights(asked: Rights) -> dict[str, list[str]]:
    """Return permissions in stored form; raises InvalidPassword for one that does not exist."""
    kept: dict[str, list[str]] = {}
    for domain, rights in asked.items():
        try:
            chosen = permissions.with_included(rights)
        except ValueError:
            raise InvalidPassword(f"Permissions are {', '.join(Permission)}. Give one of these.") from None
        if chosen and domain.strip():
            place = domain if roles.client_of(domain) is not None else permissions.normalise_grant_domain(domain)
            kept[place] = [right.value for right in Permission if right in chosen]
    return kept


def _there(tx: Tx, number: int) -> UserRecord:
    user = users.get(tx, number)
    if user is None:
        raise InvalidPassword(f"There is no user {number}. Look at the list of users again.")
    return user


def _client_admin(rights: Mapping[str, Iterable[str]], asked: Collection[str]) -> list[str]:
    """Return the keys of `asked` that have any permissions.

    Fewer of them do not make a person one of the agency.
    """
    return sorted(key for key in rights if key in asked and roles.can_be_given(Role.CLIENT_ADMIN, key))


def _must_exist(tx: Tx, keys: Iterable[str]) -> None:
    """Raise InvalidPassword for permissions in the domains of a client that does not exist."""
    if gone := client_grants.missing(tx, roles.clients_in(keys)):
        raise InvalidPassword(f"There is no client {gone[0]}. Open Clients to see which there are.")


def _grants_text(tx: Tx, admin: bool, rights: Mapping[str, Iterable[str]], client_admin: Collection[str]) -> str:
    known = client_grants.names(tx) if roles.clients_in(rights) else {}
    words = {
        (f"client {number} ({known.get(number, 'deleted')})" if (number := roles.client_of(key)) is not None else key)
        + (" as client admin" if key in client_admin else ""): given
        for key, given in rights.items()
    }
    return permissions.describe_grants(admin, words) or "no permission"


def _must_be_an_admin(by: Caller) -> None:
    if by.kind == CallerKind.TOKEN:
        raise Forbidden("A token cannot manage users. Sign in as an admin, or use script/mxm.")
    if not by.admin:
        raise Forbidden("Only admins manage users. Ask an admin.")
