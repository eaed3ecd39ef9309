"""Runs and their rows as stored: the columns of the tables, with types."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from mxlib.core.plans.plan import PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.schema import STORED_HERE
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action, Verdict


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as stored; the columns of the table."""

    id: int
    status: str
    why: str
    operator: str
    file_name: str
    file_digest: str
    plan_digest: str
    idempotency_key: str | None
    retry_of: int | None
    kind: str
    undo_of: int | None
    domains: list[str]
    total: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    checked_at: float | None
    differences: int
    difference: str
    note: str
    seen: bool
    downloaded_at: float | None
    retention_days: int
    passwords_until: float | None
    handed_over_at: float | None
    wrapped_key: bytes | None = field(repr=False)
    #: The newest entry of the audit log when it was planned.
    planned_after: int
    why_code: str
    #: Notes about its file, encrypted.
    sealed_notes: bytes | None = field(repr=False)
    #: What its owner is asked to do with it, and by whom.
    wish: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RowRecord:
    """One row of a run as stored; the columns of the table."""

    run: int
    position: int
    line: int
    action: str
    username: str
    domain: str
    sealed_password: bytes | None = field(repr=False)
    generated: bool
    quota: int | None
    limit: int | None
    recovery_email: str
    verdict: str
    sealed_cells: bytes | None = field(repr=False)
    before: dict[str, Any] = field(repr=False)
    outcome: str
    #: Words of others; the whole text in a row of an earlier release, which has no code.
    words: str
    tries: int
    unanswered: bool
    host_quota: int | None
    host_limit: int | None
    differs: str
    proof: str
    name: str
    code: str
    detail: dict[str, Any] | None

    @property
    def reason(self) -> str:
        """Return why it has its outcome, as text."""
        return reasons.stored_text(self.code, self.detail, self.words, self.action)

    def with_reason(self, reason: Reason) -> Self:
        """Return this row with another reason."""
        return replace(self, **reason_columns(reason))

    @property
    def asks_host(self) -> bool:
        """Return whether this row costs a write.

        An update of what is stored here alone does not.
        """
        return self.action != "update" or self.sealed_password is not None or self.quota is not None

    @property
    def guarded(self) -> bool:
        """Return whether it undoes something.

        Such a row is sent only while its mailbox is as the run left it.
        """
        return bool(self.before.get("unused") or self.before.get("unchanged"))

    @property
    def dated(self) -> dict[str, Any] | None:
        """Return the dated deletion that it carries out; None for other rows."""
        dated: dict[str, Any] | None = self.before.get("dated")
        return dated

    @property
    def lock_reason(self) -> str:
        """Return why it locks its mailbox; blank without a reason."""
        return str(self.before.get("lock_reason") or "")

    @property
    def is_for_deletion(self) -> bool:
        """Return whether it locks its mailbox only until a dated deletion."""
        return bool(self.before.get("for_deletion"))

    @property
    def is_without_notice(self) -> bool:
        """Return whether a former recovery email gets no mail."""
        return bool(self.before.get("without_notice"))

    @property
    def set_by_owner(self) -> bool:
        """Return whether nobody ever sees its password, since the owner sets another one."""
        return bool(self.before.get("set_by_owner"))

    @property
    def was(self) -> dict[str, Any]:
        """Return what the mailbox had right before this row.

        As planned, or as found when that had changed meanwhile.
        """
        found: dict[str, Any] = self.before.get("found", {})
        return self.before | found

    @property
    def stored(self) -> dict[str, str]:
        """Return the values to store, by column, without those that stay as they are."""
        values = ((column.name, getattr(self, column.name)) for column in STORED_HERE)
        return {name: value for name, value in values if value}

    def planned(self, password: str = "") -> PlannedRow:
        """Return the row as it was planned, for another run."""
        return PlannedRow(
            position=self.position,
            line=self.line,
            username=self.username,
            domain=self.domain,
            action=Action(self.action),
            verdict=Verdict(self.verdict),
            password=password,
            generated=self.generated,
            quota=self.quota,
            limit=self.limit,
            stored=self.stored,
            sealed_cells=self.sealed_cells,
            before=self.before,
        )

    @property
    def address(self) -> str:
        """Return the full address, as far as it is known."""
        return f"{self.username}@{self.domain}" if self.domain else self.username


def reason_columns(reason: Reason | None) -> dict[str, Any]:
    """Return the columns of a row that hold a reason."""
    if reason is None:
        return {"code": "", "detail": None, "words": ""}
    return {"code": reason.code.value, "detail": dict(reason.detail) or None, "words": reason.words}
