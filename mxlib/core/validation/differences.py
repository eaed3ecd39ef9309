"""Compare existing mailboxes with the rows that would change them, whole columns at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.addresses import Addresses
from mxlib.core.arrow_text import Mask
from mxlib.core.findings import STORED_CHANGES, FindingCode, Findings
from mxlib.core.schema import STORED_HERE

#: A figure that is not known.
UNKNOWN = -2

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CurrentState:
    """The current values of each row's mailbox.

    UNKNOWN and blank where no mailbox is to be updated. `quota` and `usage` are in MB, `limit` in sends a day.
    """

    quota: Numbers
    limit: Numbers
    usage: npt.NDArray[np.float64]
    #: Values of the columns that are stored here, by column.
    stored: Mapping[str, pa.Array] = field(repr=False)

    @classmethod
    def of(cls, found: Addresses, has: Mapping[str, pd.DataFrame], updates: Mask) -> "CurrentState":
        """Look up the mailboxes of rows.

        `has` maps a domain to a table of username, usage and VALUES.
        """
        frames: list[pd.DataFrame] = []
        addresses = arrow_text.texts([])
        if updates.any():
            _, named = arrow_text.distinct(found.domain.filter(pa.array(updates)))
            domains = [domain for domain in named if domain in has]
            frames = [has[domain] for domain in domains]
            addresses = _addresses(domains, frames)
        at = pc.index_in(found.full, value_set=addresses).fill_null(-1).to_numpy().astype(np.int64)
        at = np.where(updates, at, -1)

        def figures(name: str, kind: type) -> npt.NDArray[Any]:
            parts = [frame[name].to_numpy(kind) for frame in frames]
            # A row without a mailbox has index -1, which is the last one: UNKNOWN.
            return np.concatenate([*parts, np.array([UNKNOWN], kind)])[at]

        def stored(name: str) -> pa.Array:
            cells = pa.concat_arrays([*(arrow_text.cells_of(frame[name]) for frame in frames), arrow_text.texts([""])])
            return cells.take(pa.array(at % len(cells)))

        return cls(
            figures("quota", np.int64),
            figures("limit", np.int64),
            figures("usage", np.float64),
            {column.name: stored(column.name) for column in STORED_HERE},
        )


def _addresses(domains: Iterable[str], frames: Iterable[pd.DataFrame]) -> pa.Array:
    parts = [
        pc.binary_join_element_wise(
            pc.ascii_lower(arrow_text.cells_of(frame["username"])), *map(_scalar, (domain, "@"))
        )
        for domain, frame in zip(domains, frames, strict=True)
    ]
    return pa.concat_arrays([*parts, arrow_text.texts([])])


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def add_differences(found: Findings, where: Mask, code: FindingCode, before: Numbers, after: Numbers) -> None:
    """Add a finding with two figures for each row.

    An unknown first figure becomes None.
    """
    if not where.any():
        return
    figures = (pa.array(part).cast(pa.large_string()) for part in (before, after))
    found.add_by_value(where, code, pc.binary_join_element_wise(*figures, _scalar(" ")), _both)


def _both(cell: str) -> tuple[int | None, int]:
    had, asked = map(int, cell.split())
    return None if had == UNKNOWN else had, asked


def find(
    updates: Mask,
    had: CurrentState,
    *,
    quota: Numbers,
    limit: Numbers,
    stored: Mapping[str, pa.Array],
    sets_password: Mask,
) -> Findings:
    """Find what `updates` change; NO_CHANGE for a row that changes nothing.

    A finding never contains a password.
    """
    found = Findings(len(updates))
    add_differences(found, updates & (had.quota != quota), FindingCode.QUOTA_CHANGED, had.quota, quota)
    add_differences(found, updates & (had.limit != limit), FindingCode.LIMIT_CHANGED, had.limit, limit)
    for column, (set_, changed, removed) in STORED_CHANGES.items():
        now, then = had.stored[column], stored[column]
        other = updates & ~arrow_text.are_equal(now, then)
        if other.any():
            had_one, has_one = ~arrow_text.is_blank(now), ~arrow_text.is_blank(then)
            found.add(other & ~had_one & has_one, set_)
            found.add(other & had_one & has_one, changed)
            found.add(other & ~has_one, removed)
    found.add(updates & sets_password, FindingCode.PASSWORD_CHANGED)
    found.add(updates & ~found.found, FindingCode.NO_CHANGE)
    return found
