"""Imports by programs: the same reading, judging and planning as on the page, in one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core import passwords
from mxlib.core.files import time_budget
from mxlib.core.files.sheet import ReadOptions
from mxlib.core.mapping import json_rows as from_json
from mxlib.core.mapping.json_rows import InvalidBody
from mxlib.core.plans import builder
from mxlib.core.vocabulary import OnExisting
from mxlib.services.failures import start_waits
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.imports import FRESH_FOR_START, ImportService
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MailboxLists
from mxlib.services.runs import RunService
from mxlib.settings import Settings


@dataclass(frozen=True, eq=False)
class ImportTable:
    """What a program wants imported, read but not judged yet; rows without a domain go to `domain`."""

    rows: pd.DataFrame = field(repr=False)
    domain: str
    file_name: str = ""
    file_digest: str = ""
    told: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    generate: bool = False
    on_existing: OnExisting = OnExisting.SKIP
    cells: Callable[[int], Mapping[str, str]] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


@resolves_callers
class ProgramImports:
    """Reads, judges and starts what a program sends."""

    def __init__(
        self,
        settings: Settings,
        claims: IdempotencyKeys,
        previews: ImportService,
        running: RunService,
        lists: MailboxLists,
        clock: Clock,
    ) -> None:
        self._settings, self._claims, self._lists, self._clock = settings, claims, lists, clock
        self._previews, self._running = previews, running

    def from_json(self, data: bytes) -> ImportTable:
        """Rows as JSON; raises Malformed."""
        asked = self._previews.do(time_budget.is_short(data), from_json.read_text, data, self._settings.max_rows)
        return ImportTable(
            asked.rows,
            asked.default_domain,
            told=asked.existing,
            generate=asked.generate_passwords,
            on_existing=asked.on_existing,
            cells=asked.cells,
        )

    def from_file(
        self,
        data: bytes,
        name: str,
        domain: str,
        *,
        generate: bool = False,
        on_existing: OnExisting = OnExisting.SKIP,
        encoding: str | None = None,
    ) -> ImportTable:
        """A file as on the page, in `encoding` where the sender names one; raises FileRefused, Malformed."""
        domain = from_json.default_domain(domain)
        reading = self._previews.read(data, name, taken=ReadOptions(encoding=encoding) if encoding else None)
        return ImportTable(
            reading.rows,
            domain,
            file_name=name,
            file_digest=reading.sheet.digest,
            generate=generate,
            on_existing=on_existing,
            cells=reading.cells,
            notes=reading.notes,
        )

    def preview(self, caller: Caller, table: ImportTable) -> pd.DataFrame:
        """The rows with their verdicts; nothing is generated and nothing is sent."""
        account = self._previews.account(
            caller, table.rows, table.domain, told=table.told, on_existing=table.on_existing, patience=LONG_MAX_WAIT_S
        )
        return self._previews.verdicts(table.rows, account, table.domain, table.on_existing)

    def preflight(self, caller: Caller, judged: pd.DataFrame) -> tuple[str, ...]:
        """Whether the rows that are ready fit the account, as far as MXroute tells: warnings, none of which stops."""
        return self._previews.preflight.of(caller, builder.make_plan(judged, file_name="", file_digest=""))

    def start(
        self,
        caller: Caller,
        table: ImportTable,
        *,
        days: int | None = None,
        key: str = "",
        request: bytes = b"",
        again: bool = False,
    ) -> int:
        """Start a run of the rows that are ready; its number. What the sender says of existing mailboxes counts not.

        The same `key` with the same `request` gives the run of the first time; with another one it raises KeyReused.
        Raises SameImport while a run of the same import goes on, unless it is to start `again`; Silent when a domain's
        list can not be had; Forbidden when not one row is in a domain that the caller may import into.
        """
        if table.rows.empty:
            raise InvalidBody("rows", "rows: there are none to import.")
        if (before := self._claims.run(caller, key, request)) is not None:
            self._running.must_act(caller, before)
            return before
        oldest = self._clock.now() - FRESH_FOR_START
        account = self._previews.account(
            caller, table.rows, table.domain, newer_than=oldest, on_existing=table.on_existing, patience=LONG_MAX_WAIT_S
        )
        if account.forbidden and self._previews.named(table.rows, table.domain) <= account.forbidden.keys():
            raise Forbidden(account.forbidden[min(account.forbidden)])
        if account.unchecked:
            waits_for = min(account.unchecked)
            raise start_waits(waits_for, self._lists.trouble(waits_for))
        judged = self._previews.verdicts(table.rows, account, table.domain, table.on_existing)
        if table.generate:
            judged = self._previews.verdicts(passwords.fill(judged), account, table.domain, table.on_existing)
        plan = builder.make_plan(judged, file_name=table.file_name, file_digest=table.file_digest, cells=table.cells)
        days, beside = days or self._settings.retention_days, None if again else ()
        return self._claims.start(
            caller, key, request, lambda: self._running.start(caller, plan, days=days, key=key or None, beside=beside)
        )
