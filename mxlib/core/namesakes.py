"""Namesakes: rows whose username was made of a name, and is that of a mailbox already."""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from mxlib.core.arrow_text import Mask

#: Origins of rows with the addresses of mailboxes that a person said are theirs.
SamePeople = frozenset[tuple[int, str]]


def made_and_exist(validated: pd.DataFrame, made: Mapping[int, str]) -> Mask:
    """Return which rows exist and have the username that was made of a name.

    `made` are these usernames, by origin of their rows.
    """
    found = np.zeros(len(validated), dtype=bool)
    if not made:
        return found
    at = np.flatnonzero(validated["exists"].to_numpy(bool))
    origins, names = validated["origin"].iloc[at].tolist(), validated["clean_username"].iloc[at].tolist()
    found[at] = [made.get(origin) == name for origin, name in zip(origins, names, strict=True)]
    return found


def answered(validated: pd.DataFrame, same_people: SamePeople) -> Mask:
    """Return which rows have the address that a person said is theirs."""
    found = np.zeros(len(validated), dtype=bool)
    if same_people:
        found[:] = [pair in same_people for pair in pairs(validated, np.arange(len(validated)))]
    return found


def unanswered(validated: pd.DataFrame, made: Mapping[int, str], same_people: SamePeople) -> Mask:
    """Return which ticked rows may be of namesakes, and were not answered yet."""
    found: Mask = made_and_exist(validated, made) & validated["ticked"].to_numpy(bool)
    if found.any():
        found &= ~answered(validated, same_people)
    return found


def pairs(validated: pd.DataFrame, at: npt.NDArray[np.int64] | Collection[int]) -> list[tuple[int, str]]:
    """Return the origins of the rows at these positions, each with its address."""
    rows = validated[["origin", "clean_username", "clean_domain"]].iloc[list(at)]
    return [(origin, f"{name}@{domain}") for origin, name, domain in rows.itertuples(index=False, name=None)]
