"""The rules: validate every row of a table, whole columns at a time, and report every finding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import addresses, arrow_text, full_names, passwords, quotas, spreadsheet_marks
from mxlib.core.addresses import Addresses
from mxlib.core.arrow_text import Mask
from mxlib.core.clients import DomainTerms
from mxlib.core.findings import FindingCode, Findings, add_suggestions, bits_of
from mxlib.core.format import listed
from mxlib.core.mapping.languages import country_spells_out
from mxlib.core.passwords import PasswordScan
from mxlib.core.schema import (
    COLUMNS,
    MAX_CELL_LENGTH,
    MAX_SENDS_PER_DAY,
    MEANINGS,
    NAME,
    RECOVERY_EMAIL,
    STORED_HERE,
)
from mxlib.core.spreadsheet_marks import changed_forms
from mxlib.core.text import findings
from mxlib.core.validation import differences, suggested_values
from mxlib.core.validation.differences import UNKNOWN, CurrentState, Numbers, add_differences
from mxlib.core.vocabulary import CLEAR, Action, OnExisting, Verdict

_VERDICTS = arrow_text.texts([verdict.value for verdict in Verdict])
_ACTIONS = arrow_text.texts([Action.CREATE.value, Action.UPDATE.value, ""])
#: Functions that normalise the cells of the columns that are stored here.
_NORMALISED = {RECOVERY_EMAIL.name: addresses.emails, NAME.name: full_names.names}
#: The columns in which traces of spreadsheets are looked for, and the functions that find each.
_TRACED = ("username", "password", "quota", "limit", "recovery_email", "domain")
_TRACES = {
    FindingCode.FORMULA_FAILED: spreadsheet_marks.failed,
    FindingCode.FORMULA_WITHOUT_VALUE: spreadsheet_marks.without_value,
    FindingCode.DATE_IN_CELL: spreadsheet_marks.dates,
}
#: The columns whose cells may have a suggestion.
SUGGESTED = ("username", "domain", "quota", "limit", "recovery_email", "name")
_SPELLED = "spelled"
_UNREADABLE = -1
_BLANK = -3
#: More MB than any quota that can be written.
_NO_CAP = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The known state of the account.

    `existing` maps a domain to its usernames. A domain that it lacks, or that is in `unchecked`, could not be checked
    for existing usernames. `forbidden` maps a domain to the reason why this operator may not write to it. `has` maps
    a domain to a table of its mailboxes with username, usage and VALUES. Only updates need `has`; the figures of a
    domain that it lacks are unknown. `suggestable_domains` are those that may be suggested.
    """

    domains: frozenset[str]
    existing: Mapping[str, frozenset[str]]
    unchecked: frozenset[str] = frozenset()
    forbidden: Mapping[str, str] = field(default_factory=dict)
    has: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    suggestable_domains: frozenset[str] = frozenset()
    #: The terms of the client of a domain; a domain that it lacks has none.
    terms: Mapping[str, DomainTerms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The meaning of blank cells: the default domain, and a new mailbox's quota and limit.

    `quota` is in MB, `limit` in sends a day. `spelled` says whether suggested usernames have `ae` for ä; where it is
    None, the country of their domain does.
    """

    domain: str
    quota: int = 1024
    limit: int = MAX_SENDS_PER_DAY
    spelled: bool | None = None


def validate(
    rows: pd.DataFrame,
    account: AccountSnapshot,
    defaults: Defaults,
    on_existing: OnExisting = OnExisting.SKIP,
    parsed: Addresses | None = None,
    surplus: Mask | None = None,
) -> pd.DataFrame:
    """Return `rows` with the columns of validation added; change nothing else.

    `parsed` are the addresses of the rows, if known already, and `surplus` those over the number of mailboxes of their
    client. The columns:

    - `verdict`: ready, needs_password, duplicate, exists or invalid. The first ticked, valid row of an address claims
      it; later rows of it are duplicates.
    - `reasons`: every error of the row, not just the first, a line each.
    - `warnings`: problems that do not block the row, a line each; set for sendable rows only.
    - `clean_*`: the username, domain and VALUES that the mailbox will have. A number is missing where the cell cannot
      be read, or is blank and the mailbox's own value is unknown.
    - `asked_limit`: the limit in the cell, which an update without a password cannot set.
    - `exists`: whether the mailbox exists.
    - `action`: `create`, `update`, or blank for a mailbox that exists and is not to be updated.
    - `changes`: what a ready row changes in its mailbox, as `differences.find` finds it.
    - `had_*`: VALUES before an update.
    - `*_codes`: the kinds of the reasons, warnings and changes, for `findings.kinds_of`.
    - `suggested_*`: what a faulty cell of SUGGESTED evidently means; blank where nothing is wrong or evident.
    """
    bounded, long = _bounded(rows)
    cells = ParsedRows.read(bounded, account, defaults, on_existing, parsed)
    skipped = cells.exists & ~cells.updates
    stops = Findings(len(rows))
    addressed = _add_invalid(stops, cells, account, defaults)
    for name, where in long.items():  # a cell that was cut is unreadable, which another rule has mostly found already
        new = arrow_text.is_blank(cells.fault) if name == "password" else ~stops.found
        own_rule = MEANINGS[name].max_length < MAX_CELL_LENGTH
        stops.add(where if own_rule else where & new, FindingCode.TOO_LONG, column=name)
    invalid = stops.found.copy()
    earlier = _earlier_claim(cells, claims=cells.ticked & addressed & ~invalid & ~skipped)
    duplicate = addressed & (earlier >= 0)
    stops.add_each_row(duplicate, FindingCode.DUPLICATE, cells.line[earlier[duplicate]])
    if surplus is None:
        creates = cells.ticked & ~(cells.exists | invalid | duplicate)
        surplus = _surplus(cells.addresses.domain, account.terms, creates)
    if surplus.any():
        over = lambda name: _figures_over_cap(account.terms[name])  # noqa: E731
        stops.add_by_value(surplus, FindingCode.MAILBOXES_OVER_CAP, cells.addresses.domain, over)
        invalid |= surplus
    needs_password = cells.passwords.missing & ~cells.exists
    _add_verdict(stops, skipped, FindingCode.ALREADY_EXISTS)
    _add_verdict(stops, needs_password, FindingCode.NEEDS_PASSWORD)
    warnings = Findings(len(rows))
    _add_warnings(warnings, cells, account, sendable=~(invalid | duplicate | skipped))
    changes = differences.find(
        cells.updates & ~stops.found,
        cells.had,
        quota=cells.quota,
        limit=cells.limit,
        stored=cells.stored,
        sets_password=~cells.passwords.missing,
    )

    in_order_of_precedence = [invalid, duplicate, skipped, needs_password, ~stops.found]
    columns = {
        "verdict": _VERDICTS.take(pa.array(np.argmax(in_order_of_precedence, axis=0))),
        "reasons": findings.render(stops),
        "warnings": findings.render(warnings),
        "clean_username": cells.addresses.username,
        "clean_domain": cells.addresses.domain,
        "action": _ACTIONS.take(pa.array(np.where(cells.updates, 1, np.where(skipped, 2, 0)))),
        "changes": findings.render(changes),
    }
    columns |= {f"clean_{name}": texts for name, texts in cells.stored.items()}
    columns |= {f"had_{name}": texts for name, texts in cells.had.stored.items()}
    suggested: dict[str, npt.NDArray[np.object_]] = {}
    add_suggestions(stops, suggested)
    add_suggestions(warnings, suggested)
    none = arrow_text.blanks(len(rows))
    columns |= {
        f"suggested_{name}": arrow_text.texts(suggested[name]) if name in suggested else none for name in SUGGESTED
    }
    # One table made of all columns: to assign them one after another takes longer than to validate a row.
    found: dict[Any, pd.Series] = dict(rows.items())
    found |= {name: arrow_text.column_of(texts, rows.index) for name, texts in columns.items()}
    found |= {
        "clean_quota": _nullable(cells.quota, rows.index),
        "clean_limit": _nullable(cells.limit, rows.index),
        "asked_limit": _nullable(np.where(cells.limit_asked == _BLANK, UNKNOWN, cells.limit_asked), rows.index),
        "exists": pd.Series(cells.exists, index=rows.index),
        "had_quota": _nullable(cells.had.quota, rows.index),
        "had_limit": _nullable(cells.had.limit, rows.index),
        "reason_codes": pd.Series(stops.codes, index=rows.index),
        "warning_codes": pd.Series(warnings.codes, index=rows.index),
        "change_codes": pd.Series(changes.codes, index=rows.index),
    }
    return pd.DataFrame(found, index=rows.index, copy=False)


def _bounded(rows: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, Mask]]:
    """Return rows whose cells every rule may inspect, and where cells were cut."""
    found = {name: arrow_text.cells_of(rows[name]) for name in COLUMNS}
    long = {name: arrow_text.are_longer(cells, MEANINGS[name].max_length) for name, cells in found.items()}
    long = {name: where for name, where in long.items() if where.any()}
    cut = {name: arrow_text.column_of(arrow_text.cut(found[name], where), rows.index) for name, where in long.items()}
    return (rows.assign(**cut) if cut else rows), long


@dataclass(frozen=True)
class ParsedRows:
    """The cells of all rows, parsed before any finding is made."""

    line: npt.NDArray[np.int64]
    ticked: Mask
    fault: pa.Array
    addresses: Addresses
    full_address: pa.Array
    exists: Mask
    updates: Mask
    had: CurrentState
    passwords: PasswordScan
    quota_typed: pa.Array
    quota: Numbers
    limit_typed: pa.Array
    limit_asked: Numbers
    limit: Numbers
    email_typed: pa.Array
    asked: Mapping[str, pa.Array]
    stored: Mapping[str, pa.Array]
    #: Where each column has a trace of a spreadsheet, by the code of its finding.
    traces: Mapping[FindingCode, Mapping[str, Mask]]

    @classmethod
    def read(
        cls,
        rows: pd.DataFrame,
        account: AccountSnapshot,
        defaults: Defaults,
        on_existing: OnExisting,
        parsed: Addresses | None,
    ) -> "ParsedRows":
        """Parse each column once; `parsed` are the addresses if they are known already."""
        found = addresses.read(rows, defaults.domain) if parsed is None else parsed
        exists = ~found.disagree & arrow_text.is_among(found.full, _existing(found.domain, account))
        updates = exists if on_existing is OnExisting.UPDATE else np.zeros_like(exists)
        had = CurrentState.of(found, account.has, updates)
        # A generated password was meant for a new mailbox; it must not replace the password of an existing one.
        ours = pd.Series(updates & rows["generated"].to_numpy(bool), index=rows.index)
        scanned = passwords.scan(arrow_text.cells_of(rows["password"].mask(ours, "")))
        quota, limit = (arrow_text.stripped(arrow_text.cells_of(rows[name])) for name in ("quota", "limit"))
        limit_asked = _read(limit, quotas.limit)
        asked, stored = {}, {}
        for column in STORED_HERE:
            cells = _NORMALISED[column.name](rows[column.name])
            asked[column.name] = stored[column.name] = cleared = _cleared(cells)
            if updates.any():
                kept = pa.array(updates & arrow_text.is_blank(cells))
                stored[column.name] = pc.if_else(kept, had.stored[column.name], cleared)
        traced = {name: arrow_text.stripped(arrow_text.cells_of(rows[name])) for name in _TRACED}
        traced = {name: texts for name, texts in traced.items() if spreadsheet_marks.any_in(texts)}
        limit_kept = (limit_asked == _BLANK) | (scanned.missing & (limit_asked != _UNREADABLE))
        return cls(
            line=rows["line"].to_numpy(np.int64),
            ticked=rows["ticked"].to_numpy(bool),
            fault=arrow_text.cells_of(rows["fault"]),
            addresses=found,
            full_address=found.full,
            exists=exists,
            updates=updates,
            had=had,
            passwords=scanned,
            quota_typed=quota,
            quota=_filled(
                _read(quota, quotas.quota),
                np.where(updates, had.quota, _default_quota(found.domain, account, defaults)),
            ),
            limit_typed=limit,
            limit_asked=limit_asked,
            limit=np.where(updates & limit_kept, had.limit, _filled(limit_asked, defaults.limit)),
            email_typed=arrow_text.stripped(arrow_text.cells_of(rows["recovery_email"])),
            asked=asked,
            stored=stored,
            traces={code: {name: found(texts) for name, texts in traced.items()} for code, found in _TRACES.items()},
        )


def _default_quota(domains: pa.Array, account: AccountSnapshot, defaults: Defaults) -> Numbers | int:
    """Return the quota (MB) of a new mailbox of each row's domain."""
    if not account.terms:
        return defaults.quota
    codes, named = arrow_text.distinct(domains)
    terms = [account.terms[name].terms.default_quota if name in account.terms else None for name in named]
    return np.array([defaults.quota if quota is None else quota for quota in terms], dtype=np.int64)[codes]


def _largest_quota(domains: pa.Array, account: AccountSnapshot) -> Numbers:
    """Return the largest quota (MB) that mailboxes of each row's domain may have."""
    codes, named = arrow_text.distinct(domains)
    largest = [account.terms[name].terms.max_quota if name in account.terms else None for name in named]
    return np.array([_NO_CAP if most is None else most for most in largest], dtype=np.int64)[codes]


def surplus_of(validated: pd.DataFrame, found: Addresses, account: AccountSnapshot) -> Mask:
    """Return the validated rows that are over the number of mailboxes of their clients."""
    verdict = validated["verdict"]
    made = (verdict == Verdict.READY) | (verdict == Verdict.NEEDS_PASSWORD) | is_surplus(validated)
    creates = validated["ticked"].to_numpy(bool) & ~validated["exists"].to_numpy(bool) & made.to_numpy(bool)
    return _surplus(found.domain, account.terms, creates)


def is_surplus(validated: pd.DataFrame) -> Mask:
    """Return the rows with the finding that their client has too many mailboxes."""
    found: Mask = (validated["reason_codes"].to_numpy(np.int64) & bits_of(FindingCode.MAILBOXES_OVER_CAP)) != 0
    return found


def _figures_over_quota(terms: DomainTerms) -> tuple[int, str, str]:
    most = terms.terms.max_quota or 0
    return most, terms.client, f"{most} MB"


def _figures_over_cap(terms: DomainTerms) -> tuple[int | None, int | None, int, str]:
    there = terms.mailboxes if terms.shows_figures else None
    return terms.terms.max_mailboxes, there, terms.under_way, terms.client


def _surplus(domains: pa.Array, terms: Mapping[str, DomainTerms], creates: Mask) -> Mask:
    """Return the last rows of `creates`, those over what their clients may have."""
    capped = {each.client: each for each in terms.values() if each.terms.max_mailboxes is not None}
    if not capped:
        return np.zeros_like(creates)
    number = {client: at for at, client in enumerate(capped)}
    codes, named = arrow_text.distinct(domains)
    clients = np.array([number.get(terms[name].client, -1) if name in terms else -1 for name in named])[codes]
    counted = creates & (clients >= 0)
    before = pd.Series(clients[counted]).groupby(clients[counted]).cumcount().to_numpy()
    room = np.array([each.room for each in capped.values()])
    surplus = np.zeros_like(creates)
    surplus[np.flatnonzero(counted)] = before >= room[clients[counted]]
    return surplus


def _cleared(cells: pa.Array) -> pa.Array:
    """Return cells with CLEAR, the sign that removes a value, replaced by a blank."""
    removes = pc.equal(cells, CLEAR)
    return pc.if_else(removes, "", cells) if pc.any(removes).as_py() else cells


def _existing(domains: pa.Array, account: AccountSnapshot) -> list[str]:
    """Return the addresses that the host has in any of `domains`."""
    _, named = arrow_text.distinct(domains)
    return [f"{user.lower()}@{domain}" for domain in named for user in account.existing.get(domain, ())]


def _locked(domains: pa.Array, account: AccountSnapshot) -> list[str]:
    """Return the addresses in any of `domains` that are locked, or are being locked."""
    found = []
    for domain in arrow_text.distinct(domains)[1]:
        boxes = account.has.get(domain)
        if boxes is not None and "is_locked" in boxes:
            locked = boxes["is_locked"].to_numpy(bool) | boxes["being_locked"].to_numpy(bool)
            found += [f"{user.lower()}@{domain}" for user in boxes["username"].to_numpy()[locked]]
    return found


def _shorn(account: AccountSnapshot) -> dict[str, str]:
    """Map names as spreadsheets shorten them to the originals: `7@a.nl` to `007`."""
    names = ((name, domain) for domain, boxes in account.has.items() for name in boxes["username"])
    return {f"{name.lstrip('0')}@{domain}": name for name, domain in names if name.startswith("0") and name.isdigit()}


def _read(cells: pa.Array, read: Callable[[str], int | None]) -> Numbers:
    """Return the number in every cell.

    The result is _BLANK for a blank cell, and _UNREADABLE for one that is not a number.
    """
    codes, different = arrow_text.distinct(cells)
    numbers = [read(text) if text else _BLANK for text in different]
    return np.array([_UNREADABLE if number is None else number for number in numbers], dtype=np.int64)[codes]


def _filled(numbers: Numbers, blank: Numbers | int) -> Numbers:
    return np.where(numbers == _BLANK, blank, numbers)


def _nullable(numbers: Numbers, index: pd.Index) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(numbers, (numbers == _UNREADABLE) | (numbers == UNKNOWN)), index=index)


def _add_invalid(stops: Findings, cells: ParsedRows, account: AccountSnapshot, defaults: Defaults) -> Mask:
    """Add every finding that makes a row invalid; return which rows have a sendable address."""
    names, domains, email = cells.addresses.username, cells.addresses.domain, cells.asked["recovery_email"]
    forbidden = arrow_text.is_among(domains, account.forbidden)
    if forbidden.any():
        # The suggestion must not show whether such a domain exists, so that any of them may have one.
        nearest = suggested_values.nearest_domains(_distinct(domains, forbidden), account.suggestable_domains)
        said = lambda name: (account.forbidden[name], nearest.get(name, ""))  # noqa: E731
        stops.add_by_value(forbidden, FindingCode.NO_PERMISSION, domains, said)
    stops.add_by_value(~arrow_text.is_blank(cells.fault), FindingCode.UNREADABLE_ROW, cells.fault)

    for code, broken in cells.traces.items():
        _add_traces(stops, code, broken)
    nowhere = np.zeros(len(stops.found), dtype=bool)
    every = cells.traces.values()
    traced = {name: np.logical_or.reduce([each.get(name, nowhere) for each in every]) for name in _TRACED}
    unfit = ~cells.exists & ~addresses.are_usernames(names) & ~traced["username"]
    stops.add_by_value(
        unfit, FindingCode.INVALID_USERNAME, _with_spelling(names, domains, unfit, defaults.spelled), _username
    )
    disagree = cells.addresses.disagree
    both = cells.addresses.both_domains
    stops.add_by_value(
        disagree, FindingCode.DOMAIN_MISMATCH, both, lambda pair: _two_domains(pair, account.suggestable_domains)
    )
    unknown = ~disagree & ~traced["domain"] & ~arrow_text.is_among(domains, account.domains)
    if unknown.any():
        near = suggested_values.nearest_domains(_distinct(domains, unknown), account.suggestable_domains)
        stops.add_by_value(unknown, FindingCode.UNKNOWN_DOMAIN, domains, lambda name: (name, near.get(name, "")))

    lacking = np.where(traced["password"] | cells.passwords.hashed, 0, cells.passwords.lacking)
    stops.add_each_row(lacking != 0, FindingCode.WEAK_PASSWORD, lacking[lacking != 0])
    stops.add(cells.passwords.blank_at_an_end, FindingCode.PASSWORD_BLANK_AT_END)
    stops.add(cells.passwords.untypable & arrow_text.is_blank(cells.fault), FindingCode.PASSWORD_UNTYPABLE)
    stops.add(cells.passwords.hashed, FindingCode.PASSWORD_HASH)
    if locked := _locked(domains, account):
        sets_password = cells.updates & ~cells.passwords.missing
        stops.add(sets_password & arrow_text.is_among(cells.full_address, locked), FindingCode.MAILBOX_LOCKED)
    unread = (cells.quota == _UNREADABLE) & ~traced["quota"]
    stops.add_by_value(
        unread, FindingCode.INVALID_QUOTA, cells.quota_typed, lambda cell: (cell, suggested_values.quota(cell))
    )
    if account.terms:
        terms, most = account.terms, _largest_quota(domains, account)
        over = (cells.quota > most) | ((cells.quota == 0) & (most < _NO_CAP))
        over &= ~cells.exists | (cells.updates & (cells.quota != cells.had.quota))
        figures = lambda name: _figures_over_quota(terms[name])  # noqa: E731
        stops.add_by_value(over, FindingCode.QUOTA_OVER_CAP, domains, figures)
    unread = (cells.limit == _UNREADABLE) & ~traced["limit"]
    stops.add_by_value(
        unread, FindingCode.INVALID_LIMIT, cells.limit_typed, lambda cell: (suggested_values.limit(cell),)
    )
    no_email = ~arrow_text.is_blank(email) & ~addresses.are_emails(email) & ~traced["recovery_email"]
    advice = lambda cell: (cell, suggested_values.recovery_email(cell))  # noqa: E731
    stops.add_by_value(no_email, FindingCode.INVALID_RECOVERY_EMAIL, cells.email_typed, advice)
    stops.add(arrow_text.are_equal(email, cells.full_address), FindingCode.RECOVERS_ITSELF)
    full_name = cells.asked["name"]
    unseen = full_names.are_invalid(full_name)
    stops.add_by_value(
        unseen, FindingCode.INVALID_NAME, full_name, lambda cell: (cell, suggested_values.full_name(cell))
    )
    addressed: Mask = ~(unfit | disagree | unknown | traced["username"] | traced["domain"])
    return addressed


def _distinct(cells: pa.Array, where: Mask) -> list[str]:
    different: list[str] = pc.unique(cells.filter(pa.array(where))).to_pylist()
    return different


def _with_spelling(names: pa.Array, domains: pa.Array, where: Mask, spelled: bool | None) -> pa.Array:
    """Return the names of `where`, with their spelling on a second line.

    It is blank for plain letters, and that of the country of the domain where `spelled` is None.
    """

    def country(domain: str) -> str:
        return _SPELLED if country_spells_out(domain) else ""

    if spelled is None:
        spelling = arrow_text.each(pc.if_else(pa.array(where), domains, ""), country)
    else:
        spelling = pa.scalar(_SPELLED if spelled else "", pa.large_string())
    return pc.binary_join_element_wise(names, spelling, pa.scalar("\n", pa.large_string()))


def _username(cell: str) -> tuple[str, str]:
    name, _, spelled = cell.rpartition("\n")
    return name, suggested_values.username(name, spelled=spelled == _SPELLED)


def _two_domains(pair: str, suggestable: frozenset[str]) -> tuple[str, str, str]:
    in_name, in_column = pair.split("@", 1)
    return in_name, in_column, suggested_values.either(in_name, in_column, suggestable)


def _add_traces(stops: Findings, code: FindingCode, broken: Mapping[str, Mask]) -> None:
    """Add the finding of a trace, with the nouns of the columns that have it."""
    names = [name for name, where in broken.items() if where.any()]
    if not names:
        return
    which = np.zeros(len(stops.found), np.int64)
    for bit, name in enumerate(names):
        which |= broken[name].astype(np.int64) << bit
    nouns = [MEANINGS[name].noun for name in names]
    labels = [listed([noun for bit, noun in enumerate(nouns) if bits >> bit & 1]) for bits in range(1 << len(names))]
    stops.add_by_value(which > 0, code, arrow_text.texts(labels).take(pa.array(which)))


def _earlier_claim(cells: ParsedRows, *, claims: Mask) -> npt.NDArray[np.int64]:
    """Return for each row the position of an earlier row that claims its address.

    That is the first row that claims it. The result is -1 where no earlier row does.
    """
    encoded = cells.full_address.dictionary_encode()
    address = encoded.indices.to_numpy()
    positions = np.arange(len(address))
    first = np.full(len(encoded.dictionary), len(address))
    claiming = positions[claims][::-1]  # reversed: of several assignments to one place the last one wins
    first[address[claiming]] = claiming
    return np.where(first[address] < positions, first[address], -1)


def _add_verdict(stops: Findings, where: Mask, code: FindingCode) -> None:
    """Add the finding of a verdict.

    Its figure says whether something else already stops the row.
    """
    stopped = stops.found.copy()
    stops.add(where & ~stopped, code, False)
    stops.add(where & stopped, code, True)


def _add_warnings(warnings: Findings, cells: ParsedRows, account: AccountSnapshot, *, sendable: Mask) -> None:
    """Add the warnings of rows that can be sent."""
    updates, had = sendable & cells.updates, cells.had
    asked = pa.array(cells.limit).cast(pa.large_string())
    ignored = sendable & ~updates & (cells.limit != MAX_SENDS_PER_DAY)
    warnings.add_by_value(ignored, FindingCode.LIMIT_IGNORED, asked)
    other_limit = updates & (cells.limit_asked != _BLANK) & (cells.limit_asked != had.limit)
    stays = other_limit & cells.passwords.missing
    add_differences(warnings, stays, FindingCode.LIMIT_STAYS, had.limit, cells.limit_asked)
    add_differences(warnings, other_limit & ~stays, FindingCode.LIMIT_UNCERTAIN, had.limit, cells.limit_asked)
    other_quota = cells.quota != had.quota
    tiny = other_quota & (cells.quota > 0) & (cells.quota < quotas.TINY)
    warnings.add_by_value(sendable & tiny, FindingCode.TINY_QUOTA, cells.quota_typed, _tiny)
    huge = sendable & other_quota & (cells.quota >= quotas.HUGE)
    warnings.add_by_value(huge, FindingCode.HUGE_QUOTA, cells.quota_typed, _huge)
    below = updates & other_quota & (cells.quota > 0) & (had.usage > cells.quota)
    add_differences(warnings, below, FindingCode.BELOW_USE, np.ceil(had.usage).astype(np.int64), cells.quota)
    _add_mistyped(warnings, cells, sendable)
    warnings.add(sendable & cells.passwords.no_special, FindingCode.NO_SPECIAL_CHARACTER)
    warnings.add(sendable & cells.passwords.formula, FindingCode.FORMULA_PASSWORD)
    warnings.add(sendable & cells.passwords.odd_blank, FindingCode.PASSWORD_ODD_BLANK)
    if shorn := _shorn(account):
        new = sendable & ~cells.exists & arrow_text.is_among(cells.full_address, shorn)
        warnings.add_by_value(new, FindingCode.ZEROS_LOST, cells.full_address, lambda address: (shorn[address],))
    if changed := _changed(account):
        new = sendable & ~cells.exists & arrow_text.is_among(cells.full_address, changed)
        figures = lambda address: (changed[address],)  # noqa: E731
        warnings.add_by_value(new, FindingCode.SPREADSHEET_CHANGED, cells.full_address, figures)
    damaged = sendable & full_names.are_damaged(cells.asked["name"])
    warnings.add_by_value(damaged, FindingCode.NAME_DAMAGED, cells.asked["name"])
    checked = arrow_text.is_among(cells.addresses.domain, account.existing.keys() - account.unchecked)
    warnings.add_by_value(sendable & ~checked, FindingCode.NOT_CHECKED, cells.addresses.domain)
    if uncertain := {name: each for name, each in account.terms.items() if each.is_uncertain}:
        where = sendable & ~cells.exists & checked & arrow_text.is_among(cells.addresses.domain, uncertain)
        counted = lambda name: (uncertain[name].terms.max_mailboxes, uncertain[name].client)  # noqa: E731
        warnings.add_by_value(where, FindingCode.NOT_COUNTED, cells.addresses.domain, counted)


def _add_mistyped(warnings: Findings, cells: ParsedRows, sendable: Mask) -> None:
    """Warn of recovery emails whose domain is nearly that of a large provider."""
    email = cells.asked["recovery_email"]
    if pc.all(pc.equal(email, "")).as_py():
        return
    domains = pc.replace_substring_regex(email, "^.*@", "")
    _, different = arrow_text.distinct(domains)
    if meant := suggested_values.mistyped_providers(different):
        suspect = sendable & arrow_text.is_among(domains, meant)
        warnings.add_by_value(suspect, FindingCode.MISTYPED_RECOVERY_EMAIL, email, lambda cell: _corrected(cell, meant))


def _corrected(email: str, meant: Mapping[str, str]) -> tuple[str, str]:
    before, at, domain = email.rpartition("@")
    return email, f"{before}{at}{meant[domain]}"


def _huge(cell: str) -> tuple[int, str] | None:
    """Return a quota in MB that is perhaps in bytes, and these in MB.

    A quota with its unit leaves no doubt.
    """
    megabytes = quotas.quota(cell)
    return None if megabytes is None or quotas.has_unit(cell) else (megabytes, suggested_values.from_bytes(megabytes))


def _changed(account: AccountSnapshot) -> dict[str, str]:
    """Map names as spreadsheets change them to the originals: `1-mar@a.nl` to `mar1`."""
    return {
        f"{form}@{domain}": name
        for domain, boxes in account.has.items()
        for name in boxes["username"]
        if any(map(str.isdigit, name))
        for form in changed_forms(name)
        if not (name.isdigit() and form == name.lstrip("0"))
    }


def _tiny(cell: str) -> tuple[int, str] | None:
    """Return a quota in MB that is perhaps meant in GB, and the GB."""
    megabytes = quotas.quota(cell)
    return (megabytes, f"{megabytes} GB") if megabytes and quotas.is_tiny(cell) else None
