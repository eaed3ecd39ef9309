"""Benchmark of the history of use: 10,000 mailboxes in 40 domains, and one of 10,000, for 400 days.

The file is filled day by day, with the domains in another order each day; each time is of this process, in processor
time. The Overview of 40 domains and 900 mailboxes is opened in Chromium, as people see it.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from mxlib.clock import SystemClock
from mxlib.core.months import Month
from mxlib.core.usage import TREND_DAYS
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import overview, usage_exports
from mxlib.store import FILE, Store, mailbox_lists, usage_history
from mxlib.store.tables import mailbox, usage_daily, usage_domain_daily
from tests.browser import driver

DOMAINS, MAILBOXES, DAYS = 40, 250, 400

#: Budgets: megabytes of the file; milliseconds of a page's query, of a list without changes, and of the first of a day.
MOST_MB, MOST_PAGE_MS, MOST_LIST_MS, MOST_FIRST_MS = 150.0, 100.0, 600.0, 2_500.0

#: The same of what is made once a day for the line of *Full within 30 days*, of the month's table, and of the Overview.
MOST_SOON_MS, MOST_MONTH_MS, MOST_OPEN_MS = 4_000.0, 4_000.0, 1_000.0

#: Times that the Overview is opened.
_TIMES = 9

#: Rows in view, and days of a line.
_VISIBLE, _LINE = 50, 30


def fill(store: Store, today: int) -> None:
    """Store the days before today."""
    luck = random.Random(21)
    usage = [luck.randrange(2**10, 2**21) for _ in range(DOMAINS * MAILBOXES)]
    with store.write() as tx:
        names = [
            (f"d{number:02}.example", f"person{each:03}.name") for number in range(DOMAINS) for each in range(MAILBOXES)
        ]
        rows = [{"account": "", "domain": domain, "username": username} for domain, username in names]
        tx.execute(mailbox.insert(), rows)
    for day in range(today - DAYS, today):
        order = luck.sample(range(DOMAINS), DOMAINS)
        for domain in order:
            first = domain * MAILBOXES
            figures = [
                {
                    "day": day, "mailbox_id": number + 1, "usage": usage[number], "quota": 2048,
                    "sent_max": luck.randrange(200), "limit": 9600,
                }
                for number in range(first, first + MAILBOXES)
            ]  # fmt: skip
            with store.write() as tx:
                tx.execute(usage_daily.insert(), figures)
                tx.execute(
                    usage_domain_daily.insert().values(
                        account="", domain=f"d{domain:02}.example", day=day, mailboxes=MAILBOXES, usage=1, usage_max=1,
                        quota=1, sent=1, full=1, nearly_full=1, near_send_limit=1,
                    )
                )  # fmt: skip
        usage = [each + luck.randrange(4_000) for each in usage]


def boxes(sent: int) -> list[Mailbox]:
    """Return a list of 10,000 mailboxes."""
    return [
        Mailbox(f"person{number:05}.name", "", 2048, 100.0 + number % 900, 9600, sent, suspended=False)
        for number in range(DOMAINS * MAILBOXES)
    ]


def timed(work: Callable[[], object], times: int = 5) -> float:
    """Return the milliseconds of processor time, the median of some runs."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)


def main() -> int:
    """Print the figures; the exit status is 1 when one is over its budget."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / FILE, SystemClock())
        now = time.time()
        today = store.days.day(now)
        before = _megabytes(store)
        fill(store, today)
        size = _megabytes(store) - before
        domains = [f"d{number:02}.example" for number in range(DOMAINS)]

        def visible(mailboxes: int, days: int) -> None:
            with store.read() as tx:
                numbers = usage_history.numbers(tx, domains[:1] if mailboxes < MAILBOXES else domains)
                usage_history.of_mailboxes(tx, list(numbers.values())[:mailboxes], today - days, today)

        def lines() -> None:
            with store.read() as tx:
                usage_history.of_domains(tx, domains, today - _LINE, today)

        def soon() -> None:
            first = today - overview.LINE_DAYS + 1
            with store.read() as tx:
                found = usage_history.storage_of_all(tx, first - TREND_DAYS, today - 1)
            overview.full_soon_of(*found, first, today - 1)

        def month() -> None:
            with store.read() as tx:
                usage_exports.report(tx, Month.of_day(today - 40), domains)

        def keep(at: float, sent: int) -> None:
            with store.write() as tx:
                mailbox_lists.keep_mailboxes(tx, "large.example", boxes(sent), at)

        for day in range(15, 0, -1):
            keep(now - day * 86_400.0, 5)
        figures = (
            ("file of 400 days", size, MOST_MB, "MB"),
            ("lines of the rows in view", timed(lambda: visible(_VISIBLE, _LINE)), MOST_PAGE_MS, "ms"),
            ("400 days of one mailbox", timed(lambda: visible(1, DAYS)), MOST_PAGE_MS, "ms"),
            ("lines of 40 domains", timed(lines), MOST_PAGE_MS, "ms"),
            ("full soon by the day, once a day", timed(soon, 1), MOST_SOON_MS, "ms"),
            ("a month of all clients", timed(month, 1), MOST_MONTH_MS, "ms"),
            ("first list of a day, 10,000", timed(lambda: keep(now, 5), 1), MOST_FIRST_MS, "ms"),
            ("the same list again", timed(lambda: keep(now, 5)), MOST_LIST_MS, "ms"),
        )
        store.close()
    figures = (*figures, ("the Overview, warm", opened(), MOST_OPEN_MS, "ms"))
    print(f"use of {DOMAINS * MAILBOXES:,} mailboxes for {DAYS} days")
    for name, value, most, unit in figures:
        print(f"  {name:32} {value:7.1f} {unit}  (under {most:g} {unit})")
    return 1 if any(value > most for _, value, most, _ in figures) else 0


def opened() -> float:
    """Return the milliseconds from a click until the whole Overview is there: the median."""
    settings = driver.BRISK | {"MXM_SANDBOX_DOMAINS": "35", "MXM_SANDBOX_DAYS": "60", "MXM_SANDBOX_READS": "1000"}
    taken = []
    with (
        tempfile.TemporaryDirectory() as folder,
        driver.serving(Path(folder), settings=settings) as server,
        sync_playwright() as playwright,
        driver.launch(playwright, whole=True) as chromium,
    ):
        page = chromium.new_page(base_url=server.url)
        page.goto("/")
        end = page.get_by_text("Totals of 40 domains;")
        while not end.count() or page.get_by_text("Not loaded").count():
            page.wait_for_timeout(1_000)
            page.reload()
            driver.idle(page, 60)
        for _ in range(_TIMES):
            page.get_by_role("link", name="Jobs", exact=True).click()
            driver.idle(page, 60)
            began = time.perf_counter()
            page.get_by_role("link", name="Overview", exact=True).click()
            page.get_by_text("Storage by client").wait_for()
            end.wait_for()
            taken.append(1000 * (time.perf_counter() - began))
            driver.idle(page, 60)
    return statistics.median(taken)


def _megabytes(store: Store) -> float:
    """Return the size of the database."""
    with store.read() as tx:
        return float(tx.exec_driver_sql("PRAGMA page_count").scalar_one() * 4096 / 1e6)


if __name__ == "__main__":
    raise SystemExit(main())
