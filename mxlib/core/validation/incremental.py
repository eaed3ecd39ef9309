"""Validate a table again after an edit: only the rows that changed, and those that share an address with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import addresses, arrow_text
from mxlib.core.addresses import Addresses
from mxlib.core.arrow_text import Mask
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting

#: With more rows to validate than one in so many, all are validated: it is simpler, and as quick.
_ONE_IN = 4


@dataclass(frozen=True, slots=True)
class Validation:
    """A table with its verdicts, and everything that these depend on."""

    rows: pd.DataFrame = field(repr=False)
    addresses: Addresses = field(repr=False)
    account: AccountSnapshot = field(repr=False)
    defaults: Defaults
    on_existing: OnExisting
    #: The rows as `rules.validate` returns them.
    validated: pd.DataFrame = field(repr=False)


def changed_rows(last: Validation, rows: pd.DataFrame) -> Mask | None:
    """Return which rows differ from those of the last validation.

    None when they are other rows altogether.
    """
    if rows is last.rows:
        return np.zeros(len(rows), dtype=bool)
    if len(rows) != len(last.rows) or not rows["origin"].equals(last.rows["origin"]):
        return None
    changed = np.zeros(len(rows), dtype=bool)
    for name in rows.columns:
        now, then = rows[name], last.rows[name]
        if now is not then and not now.equals(then):
            changed |= _differ(now, then)
    return changed


def read_addresses(last: Validation, rows: pd.DataFrame, changed: Mask, active_domain: str) -> Addresses:
    """Return the addresses of `rows`, of which only the changed ones are parsed."""
    if not changed.any():
        return last.addresses
    read, where = addresses.read(rows.loc[changed], active_domain), pa.array(changed)
    disagree = last.addresses.disagree.copy()
    disagree[changed] = read.disagree
    texts = {
        each.name: pc.replace_with_mask(getattr(last.addresses, each.name), where, getattr(read, each.name))
        for each in fields(Addresses)
        if each.name != "disagree"
    }
    return replace(last.addresses, **texts, disagree=disagree)


def validate_again(
    last: Validation, rows: pd.DataFrame, parsed: Addresses, account: AccountSnapshot, changed: Mask
) -> Validation | None:
    """Return the validation of `rows`, given the one before.

    None when all of them have to be validated. `parsed` are the addresses of `rows`, `changed` those that differ. A
    verdict depends on the row itself, on the account, and on the other rows of its address: the first of these claims
    it. Where a client may have a number of mailboxes it depends on the new ones before it, too: those beyond the number
    are counted again.
    """
    if not same_account(account, last.account):
        return None
    if not changed.any():
        return replace(last, rows=rows, addresses=parsed)
    before, after = last.addresses.full, parsed.full
    where = pa.array(changed)
    concerned = pa.concat_arrays([before.filter(where), after.filter(where)])
    due = arrow_text.mask(pc.is_in(after, value_set=concerned)) | changed
    if due.sum() > len(rows) / _ONE_IN:
        return None
    validated = _validated(last, rows, parsed, account, due, np.zeros_like(due))
    if any(each.terms.max_mailboxes is not None for each in account.terms.values()):
        surplus = rules.surplus_of(validated, parsed, account)
        others = surplus != rules.is_surplus(validated)
        if (due | others).sum() > len(rows) / _ONE_IN:
            return None
        if others.any():
            validated = _validated(last, rows, parsed, account, due | others, surplus)
    return replace(last, rows=rows, addresses=parsed, validated=validated)


def _validated(
    last: Validation, rows: pd.DataFrame, parsed: Addresses, account: AccountSnapshot, due: Mask, surplus: Mask
) -> pd.DataFrame:
    """Return `rows` with the columns of validation, new ones where `due`."""
    at = np.flatnonzero(due)
    found = rules.validate(rows.iloc[at], account, last.defaults, last.on_existing, _take(parsed, at), surplus[at])
    return _merged(rows, last.validated, found, at)


def same_account(one: AccountSnapshot, other: AccountSnapshot) -> bool:
    """Return whether two snapshots of the account are equal.

    Tables of mailboxes are the same only if they are one object.
    """
    if one.has.keys() != other.has.keys() or any(one.has[name] is not other.has[name] for name in one.has):
        return False
    names = (each.name for each in fields(AccountSnapshot) if each.name != "has")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _take(found: Addresses, at: npt.NDArray[np.int64]) -> Addresses:
    parts: Mapping[str, Any] = {each.name: getattr(found, each.name) for each in fields(Addresses)}
    return Addresses(
        **{name: part[at] if name == "disagree" else part.take(pa.array(at)) for name, part in parts.items()}
    )


def _merged(rows: pd.DataFrame, before: pd.DataFrame, again: pd.DataFrame, at: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return `rows` with the columns of validation.

    Those of the rows at `at` are taken from `again`.
    """
    found = {
        name: rows[name] if name in rows.columns else _replaced(before[name], again[name], at)
        for name in before.columns
    }
    return pd.DataFrame(found, index=rows.index, copy=False)


def _replaced(before: pd.Series, again: pd.Series, at: npt.NDArray[np.int64]) -> pd.Series:
    cells, others = before.array, again.array
    if cells.take(at).equals(others):
        return before
    cells = cells.copy()
    cells[at] = others
    return pd.Series(cells, index=before.index)


def _differ(now: pd.Series, then: pd.Series) -> Mask:
    return np.asarray(now.ne(then), dtype=bool)
