"""A plan: what exactly will be done, row by row, frozen when the operator confirms."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self, TypedDict, Unpack

from mxlib.core.notes import Note, NoteCode
from mxlib.core.reasons import Reason
from mxlib.core.schema import RECOVERY_EMAIL, STORED_HERE
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action, RunKind, Verdict


class Asked(TypedDict, total=False):
    """The values that a row may ask for, besides the mailbox it is about."""

    verdict: Verdict
    password: str
    generated: bool
    quota: int | None
    limit: int | None
    stored: Mapping[str, str]
    reason: Reason | None
    cells: Mapping[str, str]
    sealed_cells: bytes | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One input row and what will be done with it.

    `reason` is why it will not be sent, if so. `stored` has the values that are kept in the app's own
    database, by column; CLEAR deletes one. In an update, a blank value there, a blank `password` and a missing
    `quota` or `limit` keep the current value. A limit without a password is not sent: the host would not accept it.

    `before` holds what was known when the plan was made, by column, with `usage` and `sent`. Its key `unused` makes a
    delete conditional: the mailbox, inspected right before, must still be unused and have that quota and limit. Its
    key `unchanged` makes an update conditional: the mailbox must still have the values in `before`. A figure that is
    not known there matches any. Its key `lock_reason` is why a mailbox is locked. Its key `dated` marks a delete on
    its date: use since the plan keeps the mailbox. Its key `without_notice` leaves out the mail to a former recovery
    email.

    `sealed_cells` replace `cells` in a row that comes from a row of an earlier run.
    """

    position: int
    line: int
    username: str
    domain: str
    action: Action = Action.CREATE
    verdict: Verdict = Verdict.READY
    password: str = field(default="", repr=False)
    generated: bool = False
    quota: int | None = None
    limit: int | None = None
    stored: Mapping[str, str] = field(default_factory=dict)
    reason: Reason | None = None
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealed_cells: bytes | None = field(default=None, repr=False)
    before: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def create(cls, position: int, line: int, username: str, domain: str, **asked: Unpack[Asked]) -> Self:
        """Return a row that creates a mailbox."""
        return cls(position, line, username, domain, **asked)

    @classmethod
    def update(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        **asked: Unpack[Asked],
    ) -> Self:
        """Return a row that updates a mailbox, which had `before`."""
        return cls(position, line, username, domain, Action.UPDATE, before=before, **asked)

    @classmethod
    def delete(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        sealed_cells: bytes | None = None,
    ) -> Self:
        """Return a row that deletes a mailbox, which had `before`."""
        return cls(position, line, username, domain, Action.DELETE, before=before, sealed_cells=sealed_cells)

    @classmethod
    def lock(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        why: str = "",
        **asked: Unpack[Asked],
    ) -> Self:
        """Return a row that locks a mailbox, which had `before`; `why` may be blank.

        Its password is made when it is sent.
        """
        before = {**before, "lock_reason": why}
        return cls(position, line, username, domain, Action.LOCK, before=before, **asked)

    @classmethod
    def unlock(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        **asked: Unpack[Asked],
    ) -> Self:
        """Return a row that unlocks a mailbox with a new password."""
        return cls(position, line, username, domain, Action.UNLOCK, before=before, **asked)

    @property
    def address(self) -> str:
        """Return the full address; for an invalid row, as far as it is known."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def lock_reason(self) -> str:
        """Return why it locks its mailbox; blank without a reason."""
        return str(self.before.get("lock_reason") or "")

    @property
    def set_by_owner(self) -> bool:
        """Return whether nobody ever sees its password, since the owner sets another one."""
        return bool(self.before.get("set_by_owner"))

    def without_password(self) -> Self:
        """Return a row whose password is made when it is sent, and not kept."""
        return replace(self, password="", generated=True, before={**self.before, "set_by_owner": True})

    @property
    def left_out(self) -> str:
        """Return why this row will not be sent, as text; blank when it is sent."""
        return reasons.text(self.reason, self.action) if self.reason else ""

    @property
    def asks_host(self) -> bool:
        """Return whether this row needs a write to the host.

        Values that are stored only here do not.
        """
        changes = self.action is not Action.UPDATE or bool(self.password) or self.quota is not None
        return changes and self.reason is None

    @property
    def replaces_recovery_email(self) -> bool:
        """Return whether it changes or removes a recovery email that the mailbox had."""
        is_asked = self.action is Action.UPDATE and bool(self.stored.get(RECOVERY_EMAIL.name))
        return is_asked and self.reason is None and bool(self.before.get(RECOVERY_EMAIL.name))

    @property
    def acts(self) -> bool:
        """Return whether this row changes anything, at the host or here."""
        return self.asks_host or bool(any(self.stored.values()) and self.reason is None)


@dataclass(frozen=True)
class Plan:
    """All rows of one confirmed run, in file order.

    Every input row is here, sent or left out.
    """

    file_name: str
    file_digest: str
    rows: tuple[PlannedRow, ...] = field(repr=False)
    kind: RunKind = RunKind.IMPORT
    undo_of: int | None = None
    #: Notes about the file.
    notes: tuple[Note, ...] = ()

    def set_by_owners(self) -> Self:
        """Return this plan with generated passwords of new mailboxes that nobody ever sees."""
        makes = [row.action is Action.CREATE and row.generated and row.asks_host for row in self.rows]
        rows = tuple(row.without_password() if made else row for row, made in zip(self.rows, makes, strict=True))
        note = Note(NoteCode.SET_BY_OWNERS, (sum(makes),))
        return replace(self, rows=rows, notes=(*self.notes, note)) if any(makes) else self

    def sent(self) -> Iterator[PlannedRow]:
        """Return the rows that need a write to the host."""
        return (row for row in self.rows if row.asks_host)

    def without_notices(self) -> "Plan":
        """Return this plan without mails to former recovery emails."""

        def quiet(row: PlannedRow) -> PlannedRow:
            return replace(row, before={**row.before, "without_notice": True}) if row.replaces_recovery_email else row

        return replace(self, rows=tuple(map(quiet, self.rows)))

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """Return the domains whose mailboxes will change, sorted."""
        return tuple(sorted({row.domain for row in self.rows if row.acts}))

    @cached_property
    def digest(self) -> str:
        """Return a hash that is equal for equal plans; passwords enter it only as hashes."""
        hasher = hashlib.sha256()
        for row in self.rows:
            hasher.update(
                json.dumps(
                    [
                        row.position,
                        row.action,
                        row.username,
                        row.domain,
                        row.quota,
                        row.limit,
                        *(row.stored.get(column.name, "") for column in STORED_HERE),
                        row.left_out,
                        hashlib.sha256(row.password.encode()).hexdigest(),
                    ]
                ).encode()
            )
        return hasher.hexdigest()
