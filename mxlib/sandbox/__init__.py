"""A simulated host with its published limits, for trials, demos and tests.

It imports nothing else of MXM.
"""

from pathlib import Path

from mxlib.sandbox.app import asgi
from mxlib.sandbox.core import Entry, Sandbox
from mxlib.sandbox.faults import NAMED, Answer, Effect, Fault, Rule, Schedule
from mxlib.sandbox.history import PastDay, past
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.replies import Reply
from mxlib.sandbox.seed import believable_account
from mxlib.sandbox.serve import Served, serve
from mxlib.sandbox.state import Account, Mailbox

__all__ = [
    "NAMED",
    "Account",
    "Answer",
    "Effect",
    "Entry",
    "Fault",
    "Limits",
    "Mailbox",
    "PastDay",
    "Reply",
    "Rule",
    "Sandbox",
    "Schedule",
    "Served",
    "asgi",
    "believable",
    "believable_account",
    "past",
    "serve",
]


def believable(
    *,
    window: float = 60.0,
    writes: int = 20,
    reads: int = 100,
    big: bool = False,
    domains: int = 0,
    max_mailboxes: int | None = None,
    remember_passwords: bool = False,
    state_file: Path | None = None,
) -> Sandbox:
    """Return a simulated host with believable clients; `big` adds a domain of 10,000 mailboxes.

    `domains` are further ones of usual size.
    """
    return Sandbox(
        believable_account(big=big, domains=domains, max_mailboxes=max_mailboxes),
        Limits(window, writes, reads),
        remember_passwords=remember_passwords,
        state_file=state_file,
    )
