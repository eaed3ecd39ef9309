"""Invented history of the sandbox, stored once, when its database is new."""

from mxlib import sandbox
from mxlib.clock import Clock
from mxlib.core.days import date_of
from mxlib.core.usage import KB_PER_MB, DayFigures
from mxlib.sandbox import Account
from mxlib.settings import Settings
from mxlib.store import Store, usage_history

_KB, _MB = 1024, 1024 * 1024


def write(store: Store, account: Account, settings: Settings, clock: Clock) -> bool:
    """Store the earlier days of a new sandbox; return whether it was new."""
    now = clock.now()
    today = store.days.day(now)
    with store.read() as tx:
        if not settings.sandbox_days or not usage_history.is_empty(tx):
            return False
    days, used = [], dict[int, int]()
    last_seen: dict[tuple[str, str], int] = {}
    for each in sandbox.past(account, settings.sandbox_days, date_of(today)):
        day = today - each.ago
        figures = {
            box.username: DayFigures(day, round(box.usage * KB_PER_MB), box.quota, box.sent, box.limit)
            for box in each.mailboxes
        }
        days.append((day, each.domain, figures))
        used[day] = used.get(day, 0) + sum(figure.usage or 0 for figure in figures.values())
        last_seen |= {(each.domain, username): day for username in figures}
    there = {(domain, username) for domain, boxes in account.domains.items() for username in boxes}
    gone = {name: store.days.begin(day + 1) for name, day in last_seen.items() if name not in there}
    with store.write() as tx:
        if not usage_history.is_empty(tx):  # another server of this sandbox was quicker
            return False
        usage_history.note_earlier(tx, days, gone)
        for day, usage in used.items():
            usage_history.note_earlier_account(tx, usage * _KB, account.storage_mb * _MB, store.days.begin(day))
    return True
