"""Texts of the month's table: its sheets, and what has to be known about it."""

from collections.abc import Sequence

from mxlib.core.days import date_of
from mxlib.core.files.figure_writer import Cell, Sheets
from mxlib.core.format import count
from mxlib.core.mail_contents import MonthReady
from mxlib.core.mails import MailText
from mxlib.core.month_report import ClientMonth
from mxlib.core.months import Month
from mxlib.core.plans.change_text import size
from mxlib.core.usage import KB_PER_MB

_KB_PER_GB = KB_PER_MB * 1024

_FIGURES = ("Mailboxes at month end", "Most mailboxes", "GB at month end", "Peak GB", "New", "Gone")

MONTH_HELP = "A month of all clients, for invoices: mailboxes, storage, what is new and what is gone"

_EXPLAINED = (
    "Mailboxes and GB at month end are those of the last list that MXM read of each domain in the month.",
    "Peak GB and Most mailboxes are the highest of any day, for a client over all its domains together.",
    "New and gone mailboxes have the day on which MXM saw it first. Days are those of MXroute's host.",
    "A domain without a client counts as its own. Clients have the domains that they have now.",
)


def sheets(month: Month, clients: Sequence[ClientMonth], remarks: Sequence[str]) -> Sheets:
    """Return the sheets of the file, each with its header first."""
    by_client: list[list[Cell]] = [["Client", "Domains", *_FIGURES]]
    by_domain: list[list[Cell]] = [["Client", "Domain", *_FIGURES]]
    moves: list[list[Cell]] = [["Client", "Domain", "Address", "What", "Day"]]
    for client in clients:
        by_client.append([
            client.name, len(client.domains), client.mailboxes, client.most_mailboxes, _gb(client.usage),
            _gb(client.peak), len(client.new), len(client.gone),
        ])  # fmt: skip
        for each in client.domains:
            by_domain.append([
                client.name, each.domain, each.mailboxes, each.most_mailboxes, _gb(each.usage), _gb(each.peak),
                len(each.new), len(each.gone),
            ])  # fmt: skip
            for what, found in (("new", each.new), ("gone", each.gone)):
                moves += [[client.name, each.domain, move.address, what, date_of(move.day)] for move in found]
    about: list[list[Cell]] = [[text] for text in (month.label, *remarks, *_EXPLAINED)]
    return {"Clients": by_client, "Domains": by_domain, "New and gone": moves, "About": about}


def remarks(month: Month, today: int, gone_days: int) -> tuple[str, ...]:
    """Say that the month is not over, or too long ago to name everything."""
    if month.last >= today:
        on = date_of(today)
        return (f"{month.label} is not over: these are the figures up to {on.day} {on:%b}.",)
    if today - month.first > gone_days:
        return (f"Mailboxes that have been gone for over {gone_days} days are missing under New and Gone.",)
    return ()


def no_figures(month: Month) -> str:
    """Say that a month has no figures."""
    return f"There are no figures of {month.label} for you. Choose another month."


def _gb(kb: int) -> float:
    return round(kb / _KB_PER_GB, 2)


def ready(month: Month) -> str:
    """Name the file of a month."""
    return f"{month.label}: mailboxes and storage of all clients, for invoices."


def mail(content: MonthReady) -> MailText:
    """Return the words of the mail on the 1st."""
    return MailText(
        f"{content.month}: mailboxes and storage of all clients",
        (
            "Hello,",
            f"the table of {content.month} is ready: {count(content.clients, 'client')} with "
            f"{count(content.mailboxes, 'mailbox', 'mailboxes')} and {size(content.usage / KB_PER_MB)} at its end, "
            "with the peaks, and what is new and gone.",
            f"Sign in and download it here: {content.url}",
            "You get this mail since MXM_MONTH_REPORT_TO has your address.",
        ),
        links=(content.url,),
    )
