"""Benchmark of events: a simulated year of 10,000 mailboxes, compared with the reference of the tests.

Each true crossing has to be in exactly one notice, and nothing that did not happen.
"""

import time
from collections import Counter

from mxlib.store import Store
from mxlib.store.database import MEMORY
from tests.support import event_year
from tests.support.event_year import Year

MAILBOXES, DOMAINS, DAYS = 10_000, 40, 365

#: Budget: milliseconds of processor time for the figures of one list of 250 mailboxes, its notices included.
MOST_LIST_MS = 60.0


def main() -> int:
    """Print the counts of the year; exit with 1 when something is wrong or slow."""
    year = Year(MAILBOXES, DOMAINS, DAYS, seed=22)
    store = Store.open(MEMORY, year.clock)
    began = time.process_time()
    event_year.live(year, store)
    each = 1000 * (time.process_time() - began) / year.counts["lists read"]
    store.close()
    print(f"events: a year of {MAILBOXES:,} mailboxes")
    for name, number in event_year.figures(year).items():
        print(f"  {name:26} {number:10,}")
    found, expected = event_year.noticed(year), event_year.expected(year)
    times = Counter(occurrence for occurrence, _, _ in found)
    twice = sum(number > 1 for number in times.values())
    late = sum(
        occurrence in expected and expected[occurrence] != (at, in_digest) for occurrence, at, in_digest in found
    )
    invented, missing = len(times.keys() - expected.keys()), len(expected.keys() - times.keys())
    print(f"  twice {twice:,}, invented {invented:,}, missing {missing:,}, at the wrong time {late:,}  (none)")
    print(f"  a list with its notices    {each:8.1f} ms  (under {MOST_LIST_MS:g} ms)")
    return 1 if twice or invented or missing or late or each > MOST_LIST_MS else 0


if __name__ == "__main__":
    raise SystemExit(main())
