"""Texts about growth, and about the day on which a storage is full."""

from mxlib.core.days import date_of
from mxlib.core.format import count
from mxlib.core.plans.change_text import size
from mxlib.core.usage import KB_PER_MB, SOON_DAYS, TREND_DAYS, Forecast, ForecastKind, Trend

#: Days ahead up to which a day is named; what is further away is only a month.
_NAMED_DAYS = 60


def short(found: Forecast) -> str:
    """Return a forecast as a cell of a table."""
    match found.kind:
        case ForecastKind.FULL:
            return "full now"
        case ForecastKind.DAYS_LEFT:
            return count(found.days or 0, "day")
        case ForecastKind.COLLECTING:
            return collecting(found.days or 0, found.needed)
        case ForecastKind.NOT_GROWING:
            return "not growing"
        case ForecastKind.UNLIMITED:
            return "unlimited"


def collecting(days: int, needed: int) -> str:
    """Say how many of the days that a forecast needs have figures."""
    return f"collecting data, {days} of {needed} days"


def of_mailbox(found: Forecast, known: Trend, today: int) -> str:
    """Say in words when a mailbox is full, and what it usually does."""
    match found.kind:
        case ForecastKind.FULL:
            text = "Full: no new mail comes in."
        case ForecastKind.DAYS_LEFT:
            text = f"Full {_when(found.days or 0, today)} at its growth of the last {TREND_DAYS} days."
        case ForecastKind.COLLECTING:
            text = f"When it is full: {collecting(found.days or 0, found.needed)}."
        case ForecastKind.NOT_GROWING:
            text = "It does not grow, so no day is foreseen on which it is full."
        case ForecastKind.UNLIMITED:
            text = "Unlimited: it has no day on which it is full."
    return " ".join(filter(None, [text, _habits(known)]))


def of_account(found: Forecast, today: int) -> str:
    """Say in words when the storage of the account reaches its limit."""
    match found.kind:
        case ForecastKind.FULL:
            return "The limit is reached."
        case ForecastKind.DAYS_LEFT:
            return f"The limit is reached {_when(found.days or 0, today)} at the growth of the last {TREND_DAYS} days."
        case ForecastKind.COLLECTING:
            return f"When the limit is reached: {collecting(found.days or 0, found.needed)}."
        case ForecastKind.NOT_GROWING:
            return "It does not grow, so no day is foreseen on which the limit is reached."
        case ForecastKind.UNLIMITED:
            return "The account has no limit of storage."


def _when(days: int, today: int) -> str:
    on = date_of(today + days)
    if days > _NAMED_DAYS:
        return f"about {on:%B} {on.year}"
    return f"in {count(days, 'day')} ({on.day} {on:%b})"


def _habits(known: Trend) -> str:
    parts = []
    if known.growth is not None and known.growth > 0:
        grown = known.growth / KB_PER_MB
        parts.append(f"grows by {size(grown) if grown >= 1 else 'less than 1 MB'} a day")
    if known.usual_sent is not None:
        parts.append(f"sends {count(known.usual_sent, 'message')} a day")
    return f"It usually {' and '.join(parts)}." if parts else ""


FULL_SOON_HELP = (
    f"Mailboxes that are full, use 90 % of their quota or more, or will be full within {SOON_DAYS} days at the median "
    f"growth of the last {TREND_DAYS} days."
)
