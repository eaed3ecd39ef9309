"""A simulated host of an agency: 40 domains with some 900 mailboxes."""

from collections.abc import Iterator
from contextlib import contextmanager

from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.seed import FIRST, LAST
from mxlib.sandbox.serve import Served, serve
from mxlib.sandbox.state import Account, Mailbox

DOMAINS, MAILBOXES = 40, 900
#: A person whose mailbox is full, one who forgets the password, and one who leaves.
FULL, FORGETS, LEAVES = "emma.vogel@client07.example", "jan.bos@client21.example", "nina.berg@client33.example"


def account(domains: int = DOMAINS, mailboxes: int = MAILBOXES) -> Account:
    """Return the account; every mailbox has a quota and some use."""
    made = Account.of(*(f"client{number:02}.example" for number in range(1, domains + 1)))
    for address, usage in ((FULL, 2148.0), (FORGETS, 616.0), (LEAVES, 90.0)):
        _add(made, address, usage)
    for number in range(mailboxes - 3):
        first, last = FIRST[number % len(FIRST)], LAST[number * 7 // 10 % len(LAST)]
        _add(made, f"{first}.{last}{number}@client{number % domains + 1:02}.example", number % 2000)
    return made


def _add(made: Account, address: str, usage: float) -> None:
    username, _, domain = address.partition("@")
    made.domains[domain][username] = Mailbox(username, 2048, usage, 9600, 3)


@contextmanager
def crowded(domains: int = DOMAINS, mailboxes: int = MAILBOXES) -> Iterator[Served]:
    """Serve the host inside the block, with a short window of its limits."""
    made = account(domains, mailboxes)
    served = serve(Sandbox(made, Limits(window=1.0, writes=50, reads=200), remember_passwords=True))
    try:
        yield served
    finally:
        served.stop()
