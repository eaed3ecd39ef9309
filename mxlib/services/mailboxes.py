"""One mailbox at a time, by hand: validated as in the preview, and sent before any run's next row."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import passwords
from mxlib.core.addresses import domain as normalised
from mxlib.core.arrow_text import BLANKS
from mxlib.core.locks import MAX_REASON_LENGTH, Lock
from mxlib.core.schema import MAX_SENDS_PER_DAY, STORED_HERE
from mxlib.core.text import confirmations, locks
from mxlib.core.validation import single_row
from mxlib.core.validation.single_row import Cells, ValidatedRow
from mxlib.core.vocabulary import CLEAR, Action
from mxlib.mxroute import errors
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import support_quotas
from mxlib.services.client_terms import ClientTerms, NoRoom, quota_refusal
from mxlib.services.confirmed_writes import ConfirmedWrites, OutcomeUnknown
from mxlib.services.exports import NotFound
from mxlib.services.failures import ListUnavailable, start_waits
from mxlib.services.imports import FRESH_FOR_START, ImportService
from mxlib.services.mailbox_lists import MailboxList, MailboxLists
from mxlib.services.manual_write_outcomes import note_stored
from mxlib.services.manual_writes import ManualWrites, WriteRequest
from mxlib.settings import Settings
from mxlib.store import Store, StoreUnavailable, mailbox_creators, mailbox_locks, stored_columns
from mxlib.store.audit import Actor

#: Valid in a URL of MXroute: neither a path, nor part of one.
_NAME = re.compile(r"(?!\.+$)[^\s/\\?#@%\x00-\x1f\x7f]{1,64}")


class InvalidField(Exception):
    """A requested mailbox breaks a rule; the message names them all, `field` the first cell."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class AlreadyExists(Exception):
    """A mailbox of that name already exists."""


@dataclass(frozen=True, slots=True)
class MailboxDetails:
    """A mailbox as MXroute has it, with the data that MXM keeps of it."""

    domain: str
    box: Mailbox
    #: What is kept of it here, by column; blank for none.
    stored: Mapping[str, str]
    warnings: tuple[str, ...] = field(default=())
    lock: Lock | None = None
    #: Whether a lock was sent whose outcome is not known.
    being_locked: bool = False
    #: The password that was generated to unlock it: shown once.
    password: str = field(default="", repr=False)


@resolves_callers
class MailboxService:
    """Reads, creates, changes and deletes single mailboxes, with permissions and audit."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        host: MXrouteClient,
        lists: MailboxLists,
        previews: ImportService,
        manual: ManualWrites,
        terms: ClientTerms,
        clock: Clock,
    ) -> None:
        self._store, self._clock, self._manual = store, clock, manual
        self._writes = ConfirmedWrites(host, clock, settings.timeout_s, manual.must_own)
        self._lists, self._previews, self._terms = lists, previews, terms

    def list_mailboxes(self, caller: Caller, domain: str, *, refresh: bool = False) -> MailboxList:
        """Return all mailboxes of a domain, from the cached list unless that is due.

        Raises ListUnavailable when no list could be read.
        """
        listed = self._lists.mailboxes(caller, self._domain(caller, Permission.VIEW, domain), refresh=refresh)
        if listed.read_at is None:
            raise ListUnavailable(listed.problem)
        return listed

    def read(self, caller: Caller, domain: str, username: str) -> MailboxDetails:
        """Return one mailbox as MXroute has it now."""
        domain, username = self._place(caller, Permission.VIEW, domain, username)
        try:
            box = self._writes.read(domain, username)
        except errors.NotFound:
            raise _not_there(domain, username) from None
        _must_now(caller, Permission.VIEW, domain)
        return self._kept(domain, box)

    def create(self, caller: Caller, domain: str, cells: Cells) -> MailboxDetails:
        """Create a mailbox; `warnings` are those of the preview.

        A create without an answer is read back: it is never sent twice. Raises InvalidField, AlreadyExists,
        OutcomeUnknown, MXrouteError.
        """
        domain = self._domain(caller, Permission.IMPORT, domain)
        fresh = self._clock.now() - FRESH_FOR_START
        self._lists.refresh(self._terms.counted([domain]), newer_than=fresh)
        caller = current(caller)  # reading the lists took time
        validated = self._validated_row(caller, domain, cells, newer_than=fresh)
        row = validated.row
        username, password = str(row["clean_username"]), str(row["password"])
        quota, limit = int(row["clean_quota"]), int(row["clean_limit"])
        if self._is_known(domain, username) is not False and self._writes.is_there(domain, username):
            raise _already_exists(domain, username)
        stored = {column.name: str(row[f"clean_{column.name}"]) for column in STORED_HERE}
        figures = {"quota": quota, "limit": limit}
        asked = WriteRequest(Action.CREATE, domain, username, password, stored, figures=figures)
        made = replace(_as_asked(domain, username), quota=quota, limit=limit)
        room, began = self._terms.room_for_write(domain, username), self._clock.now()
        try:
            with self._manual.sending(Actor.of(caller), asked, room) as write:
                still = partial(_must_now, caller, Permission.IMPORT, domain)
                answered = self._writes.create(domain, username, password, quota, limit, still)
        except NoRoom as full:
            raise InvalidField("", str(full)) from None
        except errors.Conflict:
            raise _already_exists(domain, username) from None
        if not answered and self._is_made_since(began, domain, username):
            write.drop()
            raise _already_exists(domain, username)
        unrecorded = write.done(made)
        box = self._writes.read_back(domain, username) or made
        self._update_list(domain, username, box)
        kept = self._kept(domain, box, validated.warnings, unrecorded)
        return replace(kept, stored=stored) if unrecorded else kept

    def _is_made_since(self, at: float, domain: str, username: str) -> bool:
        """Return whether another write made the mailbox since `at` (Unix seconds).

        That may be a run, or another user by hand.
        """
        with self._store.read() as tx:
            return mailbox_creators.find_maker(tx, f"{username}@{domain}", at=at) is not None

    def look(self, caller: Caller, domain: str, cells: Cells) -> ValidatedRow:
        """Validate a mailbox while it is typed, cell by cell, without a request."""
        name = normalised(domain)
        terms = self._terms.of(caller, [name]) if caller.may(Permission.IMPORT, name) else {}
        return single_row.validate_row(name, cells, self._previews.defaults(name), terms=terms)

    def default_quota(self, caller: Caller, domain: str) -> int:
        """Return the quota (MB) of a new mailbox for which none is given."""
        name = normalised(domain)
        terms = self._terms.of(caller, [name]).get(name) if caller.may(Permission.IMPORT, name) else None
        of_client = terms.terms.default_quota if terms else None
        return self._previews.defaults(name).quota if of_client is None else of_client

    def update(self, caller: Caller, domain: str, username: str, cells: Cells) -> MailboxDetails:
        """Change those of password, quota, limit and name that are given."""
        given = {
            name: cells.get(name)
            for name in ("password", "quota", "limit", "name")
            if single_row.is_given(name, cells.get(name))
        }
        needed = Permission.IMPORT if "limit" in given else Permission.SUPPORT
        domain, username = self._place(caller, needed, domain, username)
        if not given:
            raise InvalidField("", "Nothing to change: give a password, a quota, a limit or a name.")
        row = self._validated_row(caller, domain, {"username": username, **given}, exists=username).row
        stored = {"name": str(row["clean_name"]) or CLEAR} if "name" in given else {}
        if given.keys() == stored.keys():
            self._keep(caller, domain, username, stored)
            known = self._lists.cached_mailbox(domain, username) or self._writes.read(domain, username)
            return self._kept(domain, known)
        clean = {"password": row["password"], "quota": row["clean_quota"], "limit": row["clean_limit"]}
        changes = {name: str(clean[name]) if name == "password" else int(clean[name]) for name in given.keys() - stored}
        listed = self._lists.cached_mailbox(domain, username)
        if "quota" in changes:
            terms, quota = self._terms.of(caller, [domain]), int(changes["quota"])
            support_quotas.require(caller, [domain], terms)
            if refusal := quota_refusal(terms, domain, quota, listed.quota if listed else None):
                raise InvalidField("quota", refusal)
        known = listed or _as_asked(domain, username)
        figures: dict[str, int] = {name: int(changes[name]) for name in ("quota", "limit") if name in changes}
        password, change = str(changes.get("password", "")), single_row.changed(known.quota, changes)
        asked = WriteRequest(Action.UPDATE, domain, username, password, stored, change, figures)
        with self._manual.sending(Actor.of(caller), asked) as write:
            if not self._writes.update(domain, username, changes, partial(_must_now, caller, needed, domain)):
                write.drop()
                raise _not_there(domain, username)
        unrecorded = write.done()
        box = self._writes.read_back(domain, username) or replace(
            known, quota=int(changes.get("quota", known.quota)), limit=int(changes.get("limit", known.limit))
        )
        self._update_list(domain, username, box)
        return self._kept(domain, box, unrecorded=unrecorded)

    def lock(self, caller: Caller, domain: str, username: str, reason: str = "") -> MailboxDetails:
        """Set a password that nobody knows. A locked mailbox stays as it is, with its first reason.

        Raises MailboxLocked while another password may still be set. A lock without an answer is sent again until
        MXroute answers, and raises OutcomeUnknown.
        """
        domain, username = self._place(caller, Permission.SUPPORT, domain, username)
        reason = clean_reason(reason)
        known = self._lists.cached_mailbox(domain, username) or _as_asked(domain, username)
        kept = self._kept(domain, known)
        if kept.lock is not None:
            return kept
        asked = WriteRequest(Action.LOCK, domain, username, reason=reason)
        try:
            with self._manual.sending(Actor.of(caller), asked) as write:
                still = partial(_must_now, caller, Permission.SUPPORT, domain)
                if not self._writes.update(domain, username, {"password": passwords.generate()}, still):
                    write.drop()
                    raise _not_there(domain, username)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(locks.being_locked(asked.address), error.after, error.code) from None
        lock = Lock(self._clock.now(), caller.name, reason)
        return self._changed(domain, known, write.done(), lock=lock)

    def unlock(self, caller: Caller, domain: str, username: str, password: str = "") -> MailboxDetails:
        """Set a new password, which ends the lock; a generated one is in the result.

        Raises MailboxLocked for a mailbox that is not locked, or whose lock may still take effect.
        """
        domain, username = self._place(caller, Permission.SUPPORT, domain, username)
        generated = "" if password else passwords.generate()
        cells = {"username": username, "password": password or generated}
        row = self._validated_row(caller, domain, cells, exists=username).row
        known = self._lists.cached_mailbox(domain, username) or _as_asked(domain, username)
        asked = WriteRequest(Action.UNLOCK, domain, username, str(row["password"]))
        with self._manual.sending(Actor.of(caller), asked) as write:
            still = partial(_must_now, caller, Permission.SUPPORT, domain)
            if not self._writes.update(domain, username, {"password": asked.password}, still):
                write.drop()
                raise _not_there(domain, username)
        return replace(self._changed(domain, known, write.done()), password=generated)

    def _changed(self, domain: str, known: Mailbox, unrecorded: str, lock: Lock | None = None) -> MailboxDetails:
        """Return a mailbox whose lock was changed, as far as it is readable now."""
        box = self._writes.read_back(domain, known.username) or known
        self._update_list(domain, known.username, box)
        kept = self._kept(domain, box, unrecorded=unrecorded)
        return replace(kept, lock=lock, being_locked=False) if unrecorded else kept

    def delete(self, caller: Caller, domain: str, username: str) -> str:
        """Delete a mailbox with all its mail.

        Returns blank, or the sentence that the deletion cannot be recorded yet.
        """
        domain, username = self._place(caller, Permission.DELETE, domain, username)
        with self._manual.sending(Actor.of(caller), WriteRequest(Action.DELETE, domain, username)) as write:
            if not self._writes.delete(domain, username, partial(_must_now, caller, Permission.DELETE, domain)):
                write.drop()
                raise _not_there(domain, username)
        unrecorded = write.done()
        self._update_list(domain, username, None)
        return unrecorded

    def set_stored(self, caller: Caller, domain: str, username: str, column: str, value: object) -> str:
        """Store a value such as a recovery email, and return it; blank removes it."""
        domain, username = self._place(caller, Permission.SUPPORT, domain, username)
        row = self._validated_row(caller, domain, {"username": username, column: value}, exists=username).row
        kept = str(row[f"clean_{column}"])
        self._keep(caller, domain, username, {column: kept or CLEAR})
        return kept

    def _keep(self, caller: Caller, domain: str, username: str, stored: Mapping[str, str]) -> None:
        if not self._is_known(domain, username) and not self._writes.is_there(domain, username):
            raise _not_there(domain, username)
        _must_now(caller, Permission.SUPPORT, domain)
        with self._manual.writing() as tx:
            note_stored(tx, self._clock.now(), Actor.of(caller), domain, username, stored)

    # Checks before a request.

    def _place(self, caller: Caller, permission: Permission, domain: str, username: str) -> tuple[str, str]:
        domain, username = self._domain(caller, permission, domain), username.strip().lower()
        if not _NAME.fullmatch(username):
            raise _not_there(domain, username)
        return domain, username

    def _domain(self, caller: Caller, permission: Permission, domain: str) -> str:
        name = normalised(domain)
        caller.require(permission, name)
        domains = self._lists.domains(caller)
        _must_now(caller, permission, name)
        if name in domains.names:
            return name
        if domains.read_at is None:
            raise ListUnavailable(domains.problem)
        raise NotFound(f"{name} is not on this MXroute account.")

    def _is_known(self, domain: str, username: str) -> bool | None:
        """Return whether a mailbox is in a fresh list, None without one.

        A mailbox found after a lost answer is ours only when it was not there before.
        """
        names = self._lists.usernames(domain, newer_than=self._clock.now() - FRESH_FOR_START)
        return None if names is None else username in names

    def _validated_row(
        self, caller: Caller, domain: str, cells: Cells, *, exists: str = "", newer_than: float | None = None
    ) -> ValidatedRow:
        """Validate the one row that `cells` make, with what would be sent.

        Raises InvalidField when a rule blocks it, and ListUnavailable for a new mailbox whose client has more lists
        than could be read.
        """
        existing = frozenset({exists} - {""})
        terms = self._terms.of(caller, [domain], newer_than=newer_than)
        if newer_than is not None and domain in terms and terms[domain].is_uncertain:
            raise start_waits(confirmations.some_domain(terms[domain].client), self._lists.trouble(domain))
        validated = single_row.validate_row(
            domain, cells, self._previews.defaults(domain), existing=existing, terms=terms
        )
        if validated.faults:
            raise InvalidField(next(iter(validated.faults)), validated.message)
        return validated

    # Data that MXM keeps.

    def _kept(self, domain: str, box: Mailbox, warnings: tuple[str, ...] = (), unrecorded: str = "") -> MailboxDetails:
        with self._store.read() as tx:
            stored = stored_columns.of_mailbox(tx, domain, box.username)
            lock = mailbox_locks.of_mailbox(tx, domain, box.username)
            being_locked = bool(mailbox_locks.being_locked(tx, domain, box.username))
        warnings = (*warnings, unrecorded) if unrecorded else warnings
        return MailboxDetails(domain, box, stored, warnings, lock, being_locked and lock is None)

    def _update_list(self, domain: str, username: str, box: Mailbox | None) -> None:
        """Apply a write to the cached list.

        What cannot be stored now comes with the next read.
        """
        with suppress(StoreUnavailable):
            self._lists.apply_write(domain, username, box)


def _must_now(caller: Caller, permission: Permission, domain: str) -> None:
    """Raise Forbidden unless the caller still has the permission: a request may wait long for its slot."""
    current(caller).require(permission, domain)


def clean_reason(reason: str) -> str:
    """Return the reason of a lock as it is stored. Raises InvalidField for one that is too long."""
    reason = reason.strip(BLANKS)
    if len(reason) > MAX_REASON_LENGTH or not reason.isprintable():
        raise InvalidField("reason", locks.TOO_LONG)
    return reason


def _as_asked(domain: str, username: str) -> Mailbox:
    """Return the known fields of a mailbox that MXroute accepted but cannot show now."""
    return Mailbox(
        username=username,
        email=f"{username}@{domain}",
        quota=0,
        usage=0.0,
        limit=MAX_SENDS_PER_DAY,
        sent=0,
        suspended=False,
    )


def _already_exists(domain: str, username: str) -> AlreadyExists:
    return AlreadyExists(f"{username}@{domain} already exists.")


def _not_there(domain: str, username: str) -> NotFound:
    return NotFound(f"There is no mailbox {username}@{domain}.")
