"""Build a plan from verdicts: what exactly will be done, and the figures to confirm it by."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mxlib.core import arrow_text, notes, passwords
from mxlib.core.findings import FindingCode, bits_of, kinds_of
from mxlib.core.import_batch import ImportSource
from mxlib.core.plans.plan import Asked, Plan, PlannedRow
from mxlib.core.reasons import FindingDetail, Reason
from mxlib.core.schema import STORED_HERE, VALUES
from mxlib.core.text.confirmations import Confirmation
from mxlib.core.vocabulary import CLEAR, Action, RowReason, Verdict

#: Verdicts that are the whole reason.
_REASONS = {Verdict.EXISTS: RowReason.ALREADY_EXISTS, Verdict.NEEDS_PASSWORD: RowReason.NEEDS_PASSWORD}

_BELOW_USE = bits_of(FindingCode.BELOW_USE)

_VERDICTS = {verdict.value: verdict for verdict in Verdict}

#: The columns of validated rows that a plan is made from.
_NEEDED = (
    "line", "origin", "ticked", "generated", "fault", "password", "verdict", "reasons", "reason_codes", "action",
    "clean_username", "clean_domain", "asked_limit",
    *(f"{when}_{column.name}" for when in ("clean", "had") for column in VALUES),
)  # fmt: skip


def make_plan(validated: pd.DataFrame, source: ImportSource | None = None) -> Plan:
    """Return the plan of validated rows; ticked Ready rows will be sent.

    Every other row is in the plan with the reason why it is not sent. An update that changes nothing is in it too,
    with nothing to do. The current values of the mailboxes are frozen in `before`. `source` gives the own columns of
    a row; rows added by hand have none.
    """
    usable = validated.assign(password=validated["password"].where(_holds_a_password(validated), ""))
    records = zip(*(usable[name].tolist() for name in _NEEDED), strict=True)  # to_dict takes five times as long
    rows = (
        _planned(position, row, source.cells(row["origin"]) if source is not None and _has_cells(row) else {})
        for position, row in enumerate(dict(zip(_NEEDED, record, strict=True)) for record in records)
    )
    if source is None:
        return Plan("", "", tuple(rows))
    return Plan(source.file_name, source.file_digest, tuple(rows), notes=notes.to_keep(source.notes))


def confirmation(
    plan: Plan,
    validated: pd.DataFrame,
    *,
    existing: Mapping[str, int],
    seconds: float,
    ahead: int = 0,
    per_minute: int = 20,
) -> Confirmation:
    """Return the figures to confirm `plan` by; the plan was made from `validated`.

    `existing` maps a domain to the number of its mailboxes now and lacks one that could not be checked. `seconds` is
    how long everything will take, including the `ahead` rows of other runs.
    """
    acting = [row for row in plan.rows if row.acts]
    updating = [row for row in acting if row.action is Action.UPDATE]
    writes = sum(1 for _ in plan.sent())
    ticked = validated["ticked"].to_numpy(bool)
    left_out = validated.loc[ticked, "verdict"].value_counts()
    below_use = ((validated["warning_codes"] & _BELOW_USE) != 0).tolist()
    return Confirmation(
        file_name=plan.file_name,
        rows=len(plan.rows),
        creates=Counter(row.domain for row in acting if row.action is Action.CREATE),
        updates=Counter(row.domain for row in updating),
        unchanged=sum(row.reason is None and not row.acts for row in plan.rows),
        replaced=sum(bool(row.password) for row in updating),
        kept_here=len(acting) - writes,
        existing=existing,
        exist=int(left_out.get(Verdict.EXISTS, 0)),
        invalid=int(left_out.get(Verdict.INVALID, 0)),
        duplicates=int(left_out.get(Verdict.DUPLICATE, 0)),
        need_password=int(left_out.get(Verdict.NEEDS_PASSWORD, 0)),
        unticked=int((~ticked).sum()),
        generated=sum(row.generated for row in acting),
        stop_mail=sum(below_use[row.position] for row in updating),
        seconds=seconds * writes / max(1, writes + ahead),
        behind_seconds=seconds * ahead / max(1, writes + ahead),
        per_minute=per_minute,
    )


def _has_cells(row: Mapping[str, Any]) -> bool:
    """Return whether a row has own cells to keep.

    A row with too many cells has none: any of them may hold pieces of a password.
    """
    return bool(row["origin"] >= 0 and not row["fault"])


def _holds_a_password(rows: pd.DataFrame) -> pd.Series:
    """Return which rows have a usable password.

    It was typed, or was generated for a row that will be sent.
    """
    missing = passwords.scan(arrow_text.cells_of(rows["password"])).missing
    made = rows["ticked"] & (rows["verdict"] == Verdict.READY) & ~rows["exists"]
    return (made | ~rows["generated"]) & ~missing


def _planned(position: int, row: Mapping[str, Any], cells: Mapping[str, str]) -> PlannedRow:
    verdict = _VERDICTS[row["verdict"]]
    stored = {column.name: str(row[f"clean_{column.name}"]) for column in STORED_HERE}
    asked: Asked = {
        "verdict": verdict,
        "password": row["password"],
        "generated": bool(row["generated"] and row["password"]),
        "quota": _number(row["clean_quota"]),
        "limit": _number(row["clean_limit"]),
        "stored": _filled(stored),
        "reason": _reason(verdict, row),
        "cells": cells,
    }
    place = (position, int(row["line"]), row["clean_username"], row["clean_domain"])
    if row["action"] != Action.UPDATE:
        return PlannedRow.create(*place, **asked)
    had = {
        column.name: _number(row[f"had_{column.name}"]) if column.is_number else str(row[f"had_{column.name}"])
        for column in VALUES
    }
    limit = _number(row["asked_limit"])
    asked |= {
        "quota": None if asked["quota"] == had["quota"] else asked["quota"],
        "limit": None if limit == had["limit"] else limit,
        "stored": _filled({name: "" if value == had[name] else value or CLEAR for name, value in stored.items()}),
    }
    return PlannedRow.update(*place, before=had, **asked)


def _filled(stored: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in stored.items() if value}


def _number(cell: Any) -> int | None:
    return None if cell is pd.NA else int(cell)


def _reason(verdict: Verdict, row: Mapping[str, Any]) -> Reason | None:
    """Return why a row is not sent; None when it is sent."""
    if not row["ticked"]:
        return Reason(RowReason.UNTICKED)
    if verdict in _REASONS:
        return Reason(_REASONS[verdict])
    if verdict is Verdict.READY:
        return None
    found = [FindingDetail(code=kind.code.value, column=kind.column) for kind in kinds_of(int(row["reason_codes"]))]
    code = RowReason.DUPLICATE if verdict is Verdict.DUPLICATE else RowReason.INVALID
    return Reason.of(code, str(row["reasons"]).replace("\n", " "), findings=found)
