"""Tokens of the HTTP API: created once, shown once, stored as a hash."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial

from mxlib.auth import token_owners
from mxlib.auth.authority import resolves_callers
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Forbidden, Permission, normalise_grant_domain, with_included
from mxlib.auth.refusals import Refusals
from mxlib.auth.roles import client_of
from mxlib.auth.token_owners import known_as
from mxlib.clock import Clock
from mxlib.core.format import moment
from mxlib.core.text import backups
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import Store, StoreUnavailable, Tx, audit, hold, tokens, users
from mxlib.store.tokens import TokenRecord

PREFIX = "mxm_"

#: Seconds between two records that a token is in use.
NOTED_EVERY = 60.0

#: Most characters of a name, and most days until an end: what a list of tokens can still show.
LONGEST_NAME, MOST_DAYS = 100, 3_650

#: Days after which a token ends unless its creator chooses otherwise.
USUAL_DAYS = 365.0


class InvalidToken(Exception):
    """The token is unknown or no longer works.

    The message says which, and what to do; `name` is blank for an unknown one.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class TokensWait(Exception):
    """Since a restore, no token opens the API until an admin continues.

    Tokens that were revoked after the backup would work again.
    """

    def __init__(self) -> None:
        super().__init__(backups.TOKENS_WAIT)


def digest(token: str) -> bytes:
    """Return the hash to store of a token. It has 256 random bits, so SHA-256 is slow enough."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


@resolves_callers
class Tokens:
    """Creates, verifies and revokes tokens."""

    def __init__(self, store: Store, clock: Clock, refusals: Refusals | None = None) -> None:
        self._store, self._clock, self._refusals = store, clock, refusals

    def create(
        self,
        caller: Caller,
        name: str,
        *,
        admin: bool = False,
        domains: Mapping[str, Iterable[Permission]] | None = None,
        days: float | None = USUAL_DAYS,
    ) -> str:
        """Create a token and return it in full: it cannot be shown again.

        It ends after `days`, never for None. Raises InvalidPassword. Only admins create tokens, and no token does: a
        stolen one cannot outlive its revocation.
        """
        _must_be_an_admin(caller)
        caller.require_recent()
        name = _named(name)
        if days is not None and not 0 < days <= MOST_DAYS:
            raise InvalidPassword(f"A token ends within {MOST_DAYS // 365} years, or never.")
        now = self._clock.now()
        token = PREFIX + secrets.token_urlsafe(32)
        permissions = {
            domain if client_of(domain) is not None else normalise_grant_domain(domain): sorted(with_included(rights))
            for domain, rights in (domains or {}).items()
        }
        with self._store.write() as tx:
            owner = users.named(tx, caller.name)
            number = tokens.add(
                tx,
                name=name,
                digest=digest(token),
                admin=admin,
                permissions=permissions,
                by=caller.name,
                at=now,
                expires_at=None if days is None else now + days * 86_400,
                owner=owner.id if owner else None,
            )
            rights = "admin" if admin else "; ".join(f"{on}: {', '.join(may)}" for on, may in permissions.items())
            end = "never ends" if days is None else f"ends {moment(now + days * 86_400, now)}"
            audit.record(
                tx, caller, AuditAction.TOKEN_CREATE, at=now, on=known_as(number, name), outcome=f"{rights}; {end}"
            )
        return token

    def list_all(self, caller: Caller) -> list[TokenRecord]:
        """Return all tokens, newest first, including those that no longer work."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            return tokens.list_tokens(tx)

    def revoke(self, caller: Caller, number: int) -> bool:
        """End a token at once; return whether there was one to end."""
        _must_be_an_admin(caller)
        now = self._clock.now()
        with self._store.write() as tx:
            ended = tokens.revoke(tx, number, now)
            if ended:
                on = known_as(number, _there(tx, number).name)
                audit.record(tx, caller, AuditAction.TOKEN_REVOKE, at=now, on=on)
        return ended

    def hand_over(self, caller: Caller, number: int, to: str) -> None:
        """Make another admin the owner of a token.

        Raises InvalidPassword when the token or the admin does not exist.
        """
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            token_owners.hand_over(tx, caller, _there(tx, number), to, self._clock.now())

    def of(self, caller: Caller, user: int) -> list[TokenRecord]:
        """Return the working tokens that a user owns, newest first."""
        _must_be_an_admin(caller)
        now = self._clock.now()
        with self._store.read() as tx:
            return [token for token in tokens.of_owner(tx, user) if token_owners.works(token, now)]

    def acting_as(self, name: str) -> Caller | None:
        """Return the caller of the working token that acts under `name`; None without one."""
        with self._store.read() as tx:
            record = next((each for each in tokens.list_tokens(tx) if known_as(each.id, each.name) == name), None)
            of_clients = token_owners.client_domains(tx, record) if record else {}
        if record is None or not token_owners.works(record, self._clock.now()):
            return None
        admin, domains = token_owners.rights(record, of_clients)
        return Caller(name, admin=admin, domains=domains, kind=CallerKind.TOKEN)

    def caller(self, token: str, address: str = "") -> Caller:
        """Return the caller that holds `token`; raises InvalidToken, and TokensWait since a restore."""
        try:
            return self._caller(digest(token), address)
        except InvalidToken as refusal:
            if self._refusals is not None:
                self._refusals.token(refusal.name, address, str(refusal))
            raise

    def _caller(self, token_digest: bytes, address: str) -> Caller:
        with self._store.read() as tx:
            record, held = tokens.find(tx, token_digest), hold.current(tx) is not None
            of_clients = token_owners.client_domains(tx, record) if record else {}
        if record is None or not hmac.compare_digest(record.digest, token_digest):
            raise InvalidToken("This token is not known. Send the one that was shown when it was made.")
        now, name = self._clock.now(), known_as(record.id, record.name)
        if record.revoked_at is not None:
            raise InvalidToken("This token was revoked. Ask an admin for a new one.", name)
        if record.expires_at is not None and record.expires_at <= now:
            raise InvalidToken(f"This token ended {moment(record.expires_at, now)}. Ask an admin for a new one.", name)
        if not token_owners.works(record, now):
            raise InvalidToken("The owner of this token is disabled. Ask an admin for a new one.", name)
        if held:
            raise TokensWait
        if record.last_used_at is None or now - record.last_used_at >= NOTED_EVERY:
            self._note_use(record, now)
        admin, domains = token_owners.rights(record, of_clients)
        return Caller(
            name,
            admin=admin,
            domains=domains,
            address=address,
            kind=CallerKind.TOKEN,
            source=partial(self._caller, token_digest, address),
            external=token_owners.is_external(record),
        )

    def _note_use(self, record: TokenRecord, now: float) -> None:
        with suppress(StoreUnavailable), self._store.write() as tx:  # a full disk must not lock readers out
            tokens.used(tx, record.id, now)


def _named(name: str) -> str:
    """Return a name that lists, runs and the audit log can show on one line.

    Raises InvalidPassword.
    """
    name = name.strip()
    if not name:
        raise InvalidPassword("Name it: what is it for?")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidPassword(f"A token's name is one line of {LONGEST_NAME} characters at most.")
    return name


def _must_be_an_admin(caller: Caller) -> None:
    if caller.kind == CallerKind.TOKEN:
        raise Forbidden("A token cannot manage tokens. Sign in as an admin, or use script/mxm.")
    if not caller.admin:
        raise Forbidden("Only admins manage tokens. Ask an admin.")


def _there(tx: Tx, number: int) -> TokenRecord:
    found = next((token for token in tokens.list_tokens(tx) if token.id == number), None)
    if found is None:
        raise InvalidPassword(f"There is no token {number}. Look at the list of tokens again.")
    return found
