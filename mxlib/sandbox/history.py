"""Earlier days of the simulated host's mailboxes: invented, and the same every time for the same days.

They end at the figures of now. Mailboxes grow, send little at weekends, are made and deleted; one is nearly full, and
one was hijacked for a day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from mxlib.sandbox.state import Account, Mailbox

#: Domains larger than this have no history: writing it would take the start too long.
_MOST_MAILBOXES = 1_000

#: Parts of its present use by which a mailbox grew in 60 days.
_GROWTH = (0.01, 0.03, 0.06, 0.1, 0.18, 0.3)

#: Work at a weekend, as a part of that of a working day.
_WEEKEND = 0.12

#: Days ago: the hijacked mailbox sent so many; the mailboxes that are gone were deleted.
_HIJACKED, _HIJACKED_SENT = 12, 2_300
_GONE = {"stagiair": 31, "oud.medewerker": 11}

#: Chance that a domain never had one of them.
_STAYS = 0.4

#: Days until the nearly full mailbox is full.
_FULL_IN = 4


@dataclass(frozen=True, slots=True)
class PastDay:
    """The mailboxes of one domain at the end of one day, so many days ago."""

    ago: int
    domain: str
    mailboxes: tuple[Mailbox, ...]


def past(account: Account, days: int, today: date) -> Iterator[PastDay]:
    """Yield each day of each domain, the oldest first."""
    fullest = _fullest(account)
    lives = {
        domain: [
            _life(box, domain, days, today, is_last=f"{box.username}@{domain}" == fullest) for box in boxes.values()
        ]
        + _gone(domain, days, today, largest=len(boxes) > 15)
        for domain, boxes in account.domains.items()
        if len(boxes) <= _MOST_MAILBOXES
    }
    _hijack(lives)
    for ago in range(days, 0, -1):
        for domain, boxes in lives.items():
            yield PastDay(ago, domain, tuple(life[ago] for life in boxes if ago in life))


def _life(box: Mailbox, domain: str, days: int, today: date, *, is_last: bool) -> dict[int, Mailbox]:
    """Return a mailbox on each of its days, by how many days ago."""
    luck = Random(f"{box.username}@{domain}")  # noqa: S311 - invented figures, not a secret
    since = luck.randint(3, max(4, days - 5)) if luck.random() < 0.08 else days
    work = {ago: _work(today - timedelta(ago)) * luck.uniform(0.4, 1.6) for ago in range(since, 0, -1)}
    grown = box.usage * luck.choice(_GROWTH)
    if is_last:
        grown = (box.quota - box.usage) / _FULL_IN * len(work)
    each = min(grown, box.usage) / (sum(work.values()) or 1.0)
    usual, usage, found = luck.uniform(0.5, 1.3) * box.sent, box.usage, {}
    for ago in range(1, since + 1):
        sent = min(box.limit, round(usual * work[ago]))
        found[ago] = replace(box, usage=round(max(0.0, usage), 1), sent=sent, suspended=False, digest="", password=None)
        usage -= each * (1.0 if is_last else work[ago])
    return found


def _work(day: date) -> float:
    return _WEEKEND if day.weekday() >= 5 else 1.0


def _gone(domain: str, days: int, today: date, *, largest: bool) -> list[dict[int, Mailbox]]:
    """Return mailboxes that a larger domain no longer has."""
    lives = []
    luck = Random(domain)  # noqa: S311 - as above
    for number, (name, since) in enumerate(_GONE.items() if largest else ()):
        until = since + luck.randrange(9)
        if luck.random() < _STAYS:
            continue
        whole = _life(Mailbox(name, 1024, 310.0 + 220 * number, 9600, 14), domain, days, today, is_last=False)
        lives.append({ago: box for ago, box in whole.items() if ago >= until})
    return lives


def _fullest(account: Account) -> str:
    """Return the address of the mailbox that is fullest without being full."""
    shares = {
        address: box.usage / box.quota
        for address, box in account.mailboxes()
        if 0 < box.usage < 0.97 * box.quota and not box.suspended
    }
    return max(shares, key=lambda address: shares[address], default="")


def _hijack(lives: dict[str, list[dict[int, Mailbox]]]) -> None:
    """Let one mailbox send very much on one day."""
    for boxes in lives.values():
        for life in boxes:
            box = life.get(_HIJACKED)
            if box is not None and box.limit > _HIJACKED_SENT and 1 in life:
                life[_HIJACKED] = replace(box, sent=_HIJACKED_SENT)
                return
