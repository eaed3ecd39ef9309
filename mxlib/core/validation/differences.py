"""What mailboxes that exist have, and what rows would change of it: whole columns at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.addresses import Addresses
from mxlib.core.arrow_text import Findings, Mask
from mxlib.core.text import findings

#: A figure that is not known.
UNKNOWN = -2

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CurrentState:
    """What each row's mailbox has now; UNKNOWN and blank where there is none to update.

    `quota` and `usage` in MB, `limit` in sends a day.
    """

    quota: Numbers
    limit: Numbers
    usage: npt.NDArray[np.float64]
    recovery_email: pa.Array = field(repr=False)

    @classmethod
    def of(cls, found: Addresses, has: Mapping[str, pd.DataFrame], updates: Mask) -> "CurrentState":
        """Look the mailboxes of rows up; `has` maps a domain to username, quota, limit, usage and recovery_email."""
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
            return np.concatenate([*parts, np.array([UNKNOWN], kind)])[at]  # no mailbox: the last one

        parts = [arrow_text.cells_of(frame["recovery_email"]) for frame in frames]
        emails = pa.concat_arrays([*parts, arrow_text.texts([""])])
        return cls(
            figures("quota", np.int64),
            figures("limit", np.int64),
            figures("usage", np.float64),
            emails.take(pa.array(at % len(emails))),
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


def add_differences(
    told: Findings, where: Mask, before: Numbers, after: Numbers, sentence: Callable[[int | None, int], str]
) -> None:
    """A sentence made of two figures of each row, once for each pair; the first is None where it is not known."""
    if not where.any():
        return
    figures = (pa.array(part).cast(pa.large_string()) for part in (before, after))
    both = pc.binary_join_element_wise(*figures, _scalar(" "))

    def said(cell: str) -> str:
        had, asked = map(int, cell.split())
        return sentence(None if had == UNKNOWN else had, asked)

    told.add_by_value(where, both, said)


def told(
    updates: Mask,
    had: CurrentState,
    *,
    quota: Numbers,
    limit: Numbers,
    recovery_email: pa.Array,
    sets_password: Mask,
) -> pa.Array:
    """What `updates` change, phrases joined by `; `: `quota 1024 → 2048; password changed`; never a password."""
    phrases = Findings(len(updates))
    for name, before, after in (("quota", had.quota, quota), ("limit", had.limit, limit)):
        add_differences(phrases, updates & (before != after), before, after, partial(findings.changes, name))
    had_one, has_one = ~arrow_text.is_blank(had.recovery_email), ~arrow_text.is_blank(recovery_email)
    other = updates & ~arrow_text.are_equal(had.recovery_email, recovery_email)
    phrases.add(other & ~had_one & has_one, findings.RECOVERY_SET)
    phrases.add(other & had_one & has_one, findings.RECOVERY_CHANGED)
    phrases.add(other & ~has_one, findings.RECOVERY_REMOVED)
    phrases.add(updates & sets_password, findings.PASSWORD_CHANGED)
    phrases.add(updates & ~phrases.found, findings.NO_CHANGE)
    return pc.replace_substring(phrases.cells(), "\n", "; ")
