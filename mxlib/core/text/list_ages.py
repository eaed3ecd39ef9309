"""How old the mailbox lists are, and what an export lacks."""

from collections.abc import Sequence
from math import ceil

from mxlib.core.format import age, listed, moment

NOT_ANSWERING = "MXroute does not answer."


def old_list(read_at: float, now: float, problem: str = NOT_ANSWERING) -> str:
    """That a list is the last good one, since `problem` (a whole sentence) kept the host's from coming."""
    return (
        f"{problem} This is the list of {moment(read_at, now)} ({age(now - read_at)} old). "
        "Preview works; Start waits for MXroute."
    )


def read_ago(read_at: float | None, now: float) -> str:
    """How old a list is."""
    return f"Read {age(now - read_at)} ago." if read_at is not None else "Not read yet."


def reading_lists(done: int, total: int, wait: float = 0.0) -> str:
    """How far the reading of many lists has come; `wait`: seconds for which the host's limit holds the next one."""
    told = f"Reading {done:,} of {total:,} domains from MXroute…"
    return told if wait < 1 else f"{told} Its limit of reads is reached: going on in {ceil(wait)} s. Nothing to do."


def not_exported(domains: Sequence[str]) -> str:
    """Domains of which a caller may not have the mailboxes in a file."""
    return f"Left out, since you may not export from {'it' if len(domains) == 1 else 'them'}: {listed(domains)}."


def export_lacks(domain: str, problem: str = NOT_ANSWERING) -> str:
    """A file of all domains that lacks one, since its list was never had."""
    return f"Not in this file: {domain}. {problem}"


def export_is_old(domain: str, read_at: float, now: float) -> str:
    """A file of all domains in which one is not of now."""
    return (
        f"{domain} is the list of {moment(read_at, now)} ({age(now - read_at)} old): MXroute did not give a newer one."
    )
