"""Benchmark of validation: 100,000 rows from bytes to verdicts, against a loop over rows.

The loop has the same rules. `python -m script.bench_validation` prints seconds, the ratio and the peak memory.
"""

import gc
import random
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from mxlib.core import addresses, quotas
from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import reader
from mxlib.core.files.reader import Limits
from mxlib.core.mapping import languages, mapping
from mxlib.core.schema import COLUMNS, MASK, MAX_SENDS_PER_DAY, NAME, STORED_HERE
from mxlib.core.text import confirmations
from mxlib.core.text import findings as reasons
from mxlib.core.validation import suggested_values
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Action, OnExisting, Verdict

ROWS = 100_000
ACCOUNT = AccountSnapshot(
    frozenset({"clienta.nl", "clientb.nl", "xn--mnchen-3ya.example"}),
    {
        "clienta.nl": frozenset(f"person{number}.name" for number in range(0, ROWS, 40)),
        "clientb.nl": frozenset({"info", "sales"}),
        "xn--mnchen-3ya.example": frozenset(),
    },
)
STANDARD = Defaults("clienta.nl")
#: The same account, with the figures of the mailboxes of one domain.
UPDATED = replace(
    ACCOUNT,
    has={
        "clienta.nl": pd.DataFrame(
            {"username": sorted(ACCOUNT.existing["clienta.nl"]), "quota": 1024, "limit": 9600, "usage": 5.5,
             "recovery_email": "", "name": ""}
        )
    },
)  # fmt: skip


def spreadsheet(rows: int = ROWS, seed: int = 7) -> bytes:
    """Return a CSV as an operator brings it.

    Most rows are good, one in twelve has something to fix.
    """
    draw = random.Random(seed)
    lines = [",".join(COLUMNS)]
    for number in range(rows):
        cells = {
            "username": f"Person{number}.Name",
            "password": draw.choice(["", f"Winter-{number}x", f"Sum.mer{number}Ab"]),
            "quota": draw.choice(["", "1024", "2048", '"1,024"', "2 GB"]),
            "limit": draw.choice(["", "", "9600", "500"]),
            "recovery_email": draw.choice(["", f"person{number}@gmail.com"]),
            "domain": draw.choice(["", "clienta.nl", "ClientB.nl", "münchen.example"]),
            "name": draw.choice(["", f"Person {number} de Boer"]),
        }
        if number % 12 == 0:
            column, flaw = draw.choice(
                [
                    ("username", f"person {number}"),
                    ("username", f"person{number}@other.nl"),
                    ("username", f"person{max(0, number - 9)}.name"),
                    ("password", "winter"),
                    ("quota", "1.024"),
                    ("limit", "10000"),
                    ("recovery_email", "nobody"),
                    ("domain", "elsewhere.nl"),
                ]
            )
            cells[column] = flaw
        lines.append(",".join(cells[column] for column in COLUMNS))
    return ("\r\n".join(lines) + "\r\n").encode()


class _Validated(NamedTuple):
    """The verdict that the loop appends to one row.

    An invalid cell gives None in `clean_quota` or `clean_limit`.
    """

    verdict: Verdict
    reasons: str
    warnings: str
    clean_username: str
    clean_domain: str
    action: str
    changes: str
    clean_recovery_email: str
    clean_name: str
    had_recovery_email: str
    had_name: str
    clean_quota: int | None
    clean_limit: int | None
    asked_limit: int | None
    exists: bool
    had_quota: int | None
    had_limit: int | None


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_USERNAME = re.compile(addresses.USERNAME)
_SPLITS = re.compile(addresses.SPLITS)
_EMAIL = re.compile(addresses.EMAIL)
_NO_PASSWORD = re.compile(r"[*•]*|.*••••.*", re.DOTALL)
_SPECIAL = re.compile(r"[!-/:-@\[-`{-~]")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_FORCED = re.compile('="(.*)"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSEEN = re.compile("[\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffd]")
_ODD_BLANK = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_NEEDS = (re.compile(r".{8}", re.DOTALL), re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))


def validate_row_by_row(
    rows: pd.DataFrame, account: AccountSnapshot, defaults: Defaults, on_existing: OnExisting = OnExisting.SKIP
) -> pd.DataFrame:
    """Do what `rules.validate` does, as a plain loop over rows."""
    claimed: dict[str, int] = {}
    has = {
        f"{box.username.lower()}@{domain}": box for domain, boxes in account.has.items() for box in boxes.itertuples()
    }
    update = on_existing is OnExisting.UPDATE
    verdicts = [_validate_row(row, account, defaults, claimed, has, update) for row in rows.itertuples(index=False)]
    frame = pd.DataFrame(verdicts, columns=list(_Validated._fields), index=rows.index)
    numbers, truths = ["clean_quota", "clean_limit", "asked_limit", "had_quota", "had_limit"], ["exists"]
    text = [name for name in _Validated._fields if name not in {*numbers, *truths}]
    frame = frame.astype(dict.fromkeys(text, "str") | dict.fromkeys(numbers, "Int64") | dict.fromkeys(truths, "bool"))
    return pd.concat([rows, frame], axis=1)


def _validate_row(
    row: Any, account: AccountSnapshot, defaults: Defaults, claimed: dict[str, int], has: dict[str, Any], update: bool
) -> _Validated:
    errors: list[str] = []
    username = row.username.strip(BLANKS).translate(_ASCII_LOWER)
    in_column, in_name = addresses.domain(row.domain), ""
    if _SPLITS.fullmatch(username):
        username, _, after = username.partition("@")
        in_name = addresses.domain(after)
    domain = in_name or in_column or addresses.domain(defaults.domain)
    full = f"{username}@{domain}"
    disagree = bool(in_name and in_column and in_name != in_column)
    exists = not disagree and username in account.existing.get(domain, frozenset())
    updates = exists and update
    had = has.get(full) if updates else None

    if domain in account.forbidden:
        errors.append(account.forbidden[domain])
    if row.fault:
        errors.append(row.fault)
    addressed = True
    if not exists and not (_USERNAME.fullmatch(username) and len(username) <= addresses.MAX_USERNAME_LENGTH):
        errors.append(
            reasons.username(
                username, suggested_values.username(username, spelled=languages.country_spells_out(domain))
            )
        )
        addressed = False
    if disagree:
        errors.append(reasons.disagreement(in_name, in_column))
        addressed = False
    elif domain not in account.domains:
        errors.append(reasons.domain(domain))
        addressed = False

    trimmed = row.password.strip(BLANKS)
    missing = bool(_NO_PASSWORD.fullmatch(trimmed)) or (updates and row.generated)
    if not missing:
        lacking = sum(1 << bit for bit, need in enumerate(_NEEDS) if not need.search(row.password))
        errors += filter(None, [reasons.password(lacking)])
        if _UNSEEN.search(row.password):
            errors += [] if row.fault else [reasons.UNTYPABLE]
        elif trimmed != row.password:
            errors.append(reasons.BLANK_AT_AN_END)
        elif _CONTROL.search(row.password) and not row.fault:
            errors.append(reasons.UNTYPABLE)
    quota_typed, limit_typed = row.quota.strip(BLANKS), row.limit.strip(BLANKS)
    quota = quotas.quota(quota_typed) if quota_typed else defaults.quota
    limit = asked = quotas.limit(limit_typed) if limit_typed else defaults.limit
    if quota is None:
        errors.append(reasons.quota(quota_typed))
    if limit is None:
        errors.append(reasons.LIMIT)
    if updates and not quota_typed:
        quota = had and had.quota
    if updates and (not limit_typed or (missing and limit is not None)):
        limit = had and had.limit
    typed = addresses.email(row.recovery_email)
    recovery = "" if typed == "-" else typed
    if recovery and not (_EMAIL.fullmatch(recovery) and len(recovery) <= addresses.MAX_EMAIL_LENGTH):
        email_typed = row.recovery_email.strip(BLANKS)
        errors.append(reasons.recovery_email(email_typed, suggested_values.recovery_email(email_typed)))
    if recovery == full:
        errors.append(reasons.RECOVERS_ITSELF)
    had_recovery = had.recovery_email if had else ""
    if updates and not typed:
        recovery = had_recovery
    had_name = had.name if had else ""
    long = len(row.name) > NAME.max_length
    name = f"{row.name[:40]}…" if long else row.name.strip(BLANKS)
    name = forced[1].strip(BLANKS) if (forced := _FORCED.fullmatch(name)) else name
    if name != "-" and (_INVISIBLE.search(name) or MASK in name):
        errors.append(reasons.full_name(name))
    if long:
        errors.append(reasons.too_long("name"))
    name = (had_name if updates and not name else name) if name != "-" else ""

    verdict = Verdict.INVALID if errors else Verdict.READY
    if addressed and full in claimed:
        errors.append(reasons.duplicate(claimed[full]))
        verdict = min(verdict, Verdict.DUPLICATE, key=list(Verdict).index)
    elif not errors and row.ticked and (updates or not exists):
        claimed[full] = row.line
    for kind, true, sentence in (
        (Verdict.EXISTS, exists and not update, reasons.EXISTS),
        (Verdict.NEEDS_PASSWORD, missing and not exists, reasons.NEEDS_PASSWORD),
    ):
        if true:
            errors.append(reasons.alone(kind, sentence) if errors else sentence)
            verdict = min(verdict, kind, key=list(Verdict).index)

    warned: list[str] = []
    if verdict in {Verdict.READY, Verdict.NEEDS_PASSWORD}:
        had_quota, had_limit = (had.quota, had.limit) if had else (None, None)
        if not updates and limit != MAX_SENDS_PER_DAY:
            warned.append(reasons.limit_ignored(str(limit)))
        if updates and limit_typed and asked != had_limit:
            warned.append((reasons.limit_stays if missing else reasons.limit_uncertain)(had_limit, asked or 0))
        if quota_typed and quota and quota < quotas.TINY and quota != had_quota:
            warned += [reasons.tiny_quota(quota)] if quotas.is_tiny(quota_typed) else []
        if had and quota and quota != had.quota and had.usage > quota:
            warned.append(reasons.below_use(ceil(had.usage), quota))
        if not missing and not _SPECIAL.search(row.password):
            warned.append(reasons.NO_SPECIAL)
        if not missing and trimmed == row.password and _ODD_BLANK.search(row.password):
            warned.append(reasons.ODD_BLANK)
        if domain in account.unchecked or domain not in account.existing:
            warned.append(confirmations.not_checked(domain))
    return _Validated(
        verdict=verdict,
        reasons="\n".join(errors),
        warnings="\n".join(warned),
        clean_username=username,
        clean_domain=domain,
        action=Action.UPDATE if updates else "" if exists else Action.CREATE,
        changes="" if errors or not updates else _changes(had, quota, limit, (recovery, name), not missing),
        clean_recovery_email=recovery,
        clean_name=name,
        had_recovery_email=had_recovery,
        had_name=had_name,
        clean_quota=quota,
        clean_limit=limit,
        asked_limit=asked if limit_typed else None,
        exists=exists,
        had_quota=had.quota if had else None,
        had_limit=had.limit if had else None,
    )


def _changes(had: Any, quota: int | None, limit: int | None, stored: tuple[str, str], password: bool) -> str:
    """Return what an update changes, phrase by phrase."""
    phrases = []
    for name, now, before in (("quota", quota, had and had.quota), ("limit", limit, had and had.limit)):
        if now is not None and now != before:
            phrases.append(reasons.changes(name, before, now))
    for column, value in zip(STORED_HERE, stored, strict=True):
        before = getattr(had, column.name) if had else ""
        if value != before:
            phrase = reasons.stored_changed if before else reasons.stored_set
            phrases.append((phrase if value else reasons.stored_removed)(column))
    if password:
        phrases.append(reasons.PASSWORD_CHANGED)
    return "; ".join(phrases) or reasons.NO_CHANGE


def rows_of(data: bytes, most: int = ROWS) -> pd.DataFrame:
    """Return the rows table of a CSV, as an import reads it."""
    sheet = reader.read(data, "bench.csv", limits=Limits(bytes=len(data), rows=most))
    rows, _ = mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    return rows


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the median of several runs, without the garbage collection of earlier ones."""
    times_taken = []
    for _ in range(times):
        gc.collect()
        began = time.perf_counter()
        work()
        times_taken.append(time.perf_counter() - began)
    return statistics.median(times_taken)


def peak_megabytes() -> float:
    """Return the most memory that this process ever had, without that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(rows: int = ROWS, times: int = 5) -> None:
    """Print how long validation takes, how much faster than a loop, and its memory."""
    data = spreadsheet(rows)
    whole = seconds(lambda: validate(rows_of(data, rows), ACCOUNT, STANDARD), times)
    peak = peak_megabytes()
    table = rows_of(data, rows)
    columns = seconds(lambda: validate(table, ACCOUNT, STANDARD), times)
    updates = seconds(lambda: validate(table, UPDATED, STANDARD, OnExisting.UPDATE), times)
    loop = seconds(lambda: validate_row_by_row(table, ACCOUNT, STANDARD), 1)
    print(f"judging {rows:,} rows ({len(data) / 1e6:.1f} MB)")
    print(f"  bytes to verdicts   {whole:6.3f} s   (0.5 s or less)")
    print(f"  judging alone       {columns:6.3f} s")
    print(f"  as updates          {updates:6.3f} s")
    print(f"  the same, row by row{loop:6.3f} s   {loop / columns:.1f} times as long (3 or more)")
    print(f"  peak memory         {peak:6.0f} MB  (300 MB or less)")


if __name__ == "__main__":
    main()
