"""Previews: a file becomes rows, rows become verdicts, verdicts become a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.mailboxes import intake, mapping, passwords, planning, rules, words
from mxlib.mailboxes.columns import Verdict
from mxlib.mailboxes.intake import Limits, Sheet, Taken
from mxlib.mailboxes.mapping import Mapping as ColumnMapping
from mxlib.mailboxes.plan import Plan
from mxlib.mailboxes.rules import Account, Standard
from mxlib.services.lists import Lists
from mxlib.services.running import Earlier, Running
from mxlib.settings import Settings

#: Seconds that a list may be old when a run starts.
FRESH_FOR_START = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read: the sheet, how its columns were understood, and the rows that came of it."""

    sheet: Sheet = field(repr=False)
    columns: ColumnMapping
    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """What the operator is asked to confirm."""

    plan: Plan
    text: str
    judged: pd.DataFrame = field(repr=False)
    earlier: tuple[Earlier, ...]
    unchecked: tuple[str, ...]


class Previews:
    """Reads, judges and plans; sends nothing."""

    def __init__(self, settings: Settings, lists: Lists, running: Running, clock: Clock) -> None:
        self._settings, self._lists, self._running, self._clock = settings, lists, running, clock

    @property
    def limits(self) -> Limits:
        """What a file may measure."""
        return Limits(bytes=self._settings.max_file_mb * 1_000_000, rows=self._settings.max_rows)

    def standard(self, domain: str) -> Standard:
        """What a blank cell means while `domain` is the active one."""
        return Standard(domain=domain, quota=self._settings.new_quota, limit=self._settings.new_limit)

    def read(
        self, data: bytes, name: str, *, taken: Taken | None = None, chosen: Mapping[int, str] | None = None
    ) -> Reading:
        """Read a file; `taken` and `chosen` override how it is decoded and what its columns mean.

        Raises FileRefused with one sentence when there is no table in it.
        """
        sheet = intake.read(data, name, limits=self.limits, taken=taken)
        columns = mapping.recognise(sheet.header, chosen=chosen)
        rows, notes = mapping.to_rows(sheet, columns)
        return Reading(sheet, columns, rows, notes)

    def account(self, caller: Caller, rows: pd.DataFrame, domain: str, *, newer_than: float | None = None) -> Account:
        """What must be known of the account to judge `rows`: a domain not read yet costs one read, once."""
        known = frozenset(self._lists.domains(caller).names)
        existing: dict[str, frozenset[str]] = {}
        unchecked: set[str] = set()
        forbidden: dict[str, str] = {}
        for name in sorted(rules.domains_named(rows, self.standard(domain)) & known):
            if not caller.may(Permission.IMPORT, name):
                forbidden[name] = f"You have no permission to import into {name}."
                continue
            usernames = self._lists.usernames(name, newer_than=newer_than)
            if usernames is None:
                unchecked.add(name)
            else:
                existing[name] = usernames
        return Account(known, existing, frozenset(unchecked), forbidden)

    def judge(
        self, caller: Caller, rows: pd.DataFrame, domain: str, *, newer_than: float | None = None
    ) -> pd.DataFrame:
        """`rows` with their verdicts, as `rules.judge` gives them."""
        return rules.judge(rows, self.account(caller, rows, domain, newer_than=newer_than), self.standard(domain))

    def with_passwords(self, caller: Caller, rows: pd.DataFrame, domain: str) -> pd.DataFrame:
        """`rows` in which every row that only lacks a password has a generated one."""
        return passwords.fill(self.judge(caller, rows, domain))

    def confirm(self, caller: Caller, rows: pd.DataFrame, domain: str, reading: Reading | None, *, days: int) -> Ready:
        """The plan of `rows` as they are now, judged against lists at most a minute old, and what to ask."""
        judged = self.judge(caller, rows, domain, newer_than=self._clock.now() - FRESH_FOR_START)
        sheet = reading.sheet if reading else None
        plan = planning.make_plan(
            judged,
            file_name=sheet.name if sheet else "",
            file_digest=sheet.digest if sheet else "",
            cells=(lambda origin: mapping.original_cells(sheet, origin, reading.columns))
            if sheet and reading
            else None,
        )
        account = self.account(caller, rows, domain)
        figures = planning.confirmation(
            plan,
            judged,
            existing={name: len(usernames) for name, usernames in account.existing.items()},
            readable_until=self._clock.now() + days * 86_400,
            seconds=self._running.estimate(sum(1 for _ in plan.sent())),
            ahead=self._running.ahead(),
        )
        earlier = self._running.earlier(plan.file_digest) if plan.file_digest else ()
        unchecked = tuple(sorted(set(plan.domains) & account.unchecked))
        return Ready(plan, words.confirm(figures), judged, earlier, unchecked)


def counts(judged: pd.DataFrame) -> dict[str, int]:
    """How many rows are of each kind that the preview tells apart; `warnings` counts ready rows that carry one."""
    ticked = judged["ticked"]
    told = judged.loc[ticked, "verdict"].value_counts()
    figures = {verdict.value: int(told.get(verdict.value, 0)) for verdict in Verdict}
    figures["warnings"] = int((ticked & (judged["warnings"] != "")).sum())
    figures["left_out"] = int((~ticked).sum())
    return figures
