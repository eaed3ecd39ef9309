"""Texts about the age of mailbox lists, and what an export lacks."""

from collections.abc import Sequence
from math import ceil

from mxlib.core.format import age, listed, moment

NOT_ANSWERING = "MXroute does not answer."


def old_list(read_at: float, now: float, problem: str = NOT_ANSWERING) -> str:
    """Say that a list is the last good one.

    `problem` is a whole sentence: why MXroute did not give a newer list.
    """
    return (
        f"{problem} This is the list of {moment(read_at, now)} ({age(now - read_at)} old). "
        "Preview works; the start waits for MXroute."
    )


def read_ago(read_at: float | None, now: float) -> str:
    """Say how old a list is."""
    if read_at is None:
        return "Not read yet."
    return f"Updated {age(now - read_at)} ago" if now - read_at >= 60 else "Updated just now"


def reading_lists(done: int, total: int, wait: float = 0.0) -> str:
    """Say how many of the lists have been read.

    `wait` is the seconds until MXroute's rate limit allows the next read.
    """
    text = f"Reading {done:,} of {total:,} domains from MXroute…"
    return text if wait < 1 else f"{text} Its limit of reads is reached: going on in {ceil(wait)} s."


def not_exported(domains: Sequence[str]) -> str:
    """Say which domains the caller may not export, so that a file lacks them."""
    return f"Left out, since you may not export from {'it' if len(domains) == 1 else 'them'}: {listed(domains)}."


def export_lacks(domain: str, problem: str = NOT_ANSWERING) -> str:
    """Warn that a domain is missing from an all-domains export.

    Its list was never read; `problem` says why.
    """
    return f"Not in this file: {domain}. {problem}"


def export_is_old(domain: str, read_at: float, now: float) -> str:
    """Warn that one domain in an all-domains export has an old list."""
    return (
        f"{domain} is the list of {moment(read_at, now)} ({age(now - read_at)} old): MXroute did not give a newer one."
    )
