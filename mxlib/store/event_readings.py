"""Events of readings: of a list of mailboxes, of their sizes, and of the account's storage.

They are stored in the transaction of the reading. A figure that is missing changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.events.conditions import Condition, ConditionRule
from mxlib.core.events.rules import (
    ACCOUNT_STORAGE,
    JUMP_LEAST,
    MAILBOX_STORAGE,
    SEND_LIMIT,
    Burst,
    Level,
    Thresholds,
    jump,
    percent_of,
    step,
)
from mxlib.core.events.vocabulary import Event, EventCode, Rule
from mxlib.core.usage import KB_PER_MB, Trend
from mxlib.core.vocabulary import Action, AuditAction, Outcome
from mxlib.store import events
from mxlib.store.events import Key, State
from mxlib.store.tables import audit, manual_write, run_row
from mxlib.store.transaction import Tx

#: Seconds before a list in which a deletion of MXM may have ended that it shows.
_ON_ITS_WAY = 300.0

#: The deadline by which MXroute requires a full account to be emptied.
_GRACE = ConditionRule(Rule.ACCOUNT_GRACE, EventCode.ACCOUNT_GRACE_OVER)


@dataclass(frozen=True, slots=True)
class Reading:
    """Figures of a mailbox by one reading: use in KB, quota in MB, messages sent and their limit.

    `number` is that of the mailbox in the usage history. None is not known.
    """

    username: str
    number: int
    usage: int | None = None
    quota: int | None = None
    sent: int | None = None
    limit: int | None = None

    @property
    def may_be_jump(self) -> bool:
        """Return whether so much was sent that it may be a jump."""
        return self.sent is not None and self.sent >= JUMP_LEAST


def note_list(
    tx: Tx, domain: str, readings: Iterable[Reading], usual: Mapping[int, Trend], today: int, at: float
) -> None:
    """Store the events of a list that was read at `at`, on the day `today`.

    `usual` has the trends of the mailboxes that sent enough for a jump, by their numbers.
    """
    known = events.states_of(tx, domain)
    for each in readings:
        address = f"{each.username.lower()}@{domain}"
        _note_storage(tx, known, address, domain, each, at)
        _note_sent(tx, known, address, domain, each, at)
        if (trend := usual.get(each.number)) is not None:
            _note_jump(tx, known, address, domain, today, each.sent, trend, at)


def note_sizes(tx: Tx, domains: Mapping[str, Iterable[Reading]], at: float) -> None:
    """Store the events of the sizes of one read, by domain."""
    known = events.states_of(tx, None, [Rule.MAILBOX_STORAGE])
    for domain, readings in domains.items():
        for each in readings:
            _note_storage(tx, known, f"{each.username.lower()}@{domain}", domain, each, at)


def note_account(tx: Tx, used: int | None, limit: int | None, grace_until: str, at: float) -> None:
    """Store the events of the account's storage (bytes), and of the deadline that MXroute names."""
    if (percent := percent_of(used, limit)) is not None:
        state = events.states_of(tx, "", [Rule.ACCOUNT_STORAGE]).get((Rule.ACCOUNT_STORAGE, ""))
        _follow(tx, ACCOUNT_STORAGE, state, "", "", percent, {"used": used or 0, "limit": limit or 0}, at)
    grace = [Condition(EventCode.ACCOUNT_GRACE, figures={"until": grace_until})] if grace_until else []
    events.note_conditions(tx, _GRACE, grace, at)


def note_strangers(tx: Tx, domain: str, made: Collection[str], gone: Collection[str], before: float, at: float) -> None:
    """Store which mailboxes of a list were made or deleted outside MXM.

    `before` is when the list before it was read.
    """
    for username in sorted(made):
        _add(tx, Rule.MAILBOX_MADE, EventCode.MAILBOX_MADE_OUTSIDE, username, domain, at)
    for username in sorted(gone):
        if not _is_deleted_here(tx, domain, username, before):
            _add(tx, Rule.MAILBOX_GONE, EventCode.MAILBOX_GONE_OUTSIDE, username, domain, at)


def _add(tx: Tx, rule: Rule, code: EventCode, username: str, domain: str, at: float) -> None:
    events.add(tx, Event(rule, code, f"{username.lower()}@{domain}", 1), domain, at)


def _note_storage(tx: Tx, known: Mapping[Key, State], address: str, domain: str, each: Reading, at: float) -> None:
    percent = percent_of(each.usage, None if each.quota is None else each.quota * KB_PER_MB)
    state = known.get((Rule.MAILBOX_STORAGE, address))
    if percent is not None and not _is_calm(MAILBOX_STORAGE, state, percent):
        figures = {"used_kb": each.usage or 0, "quota_mb": each.quota or 0}
        _follow(tx, MAILBOX_STORAGE, state, address, domain, percent, figures, at)


def _note_sent(tx: Tx, known: Mapping[Key, State], address: str, domain: str, each: Reading, at: float) -> None:
    percent = percent_of(each.sent, each.limit)
    state = known.get((Rule.SEND_LIMIT, address))
    if percent is not None and not _is_calm(SEND_LIMIT, state, percent):
        figures = {"sent": each.sent or 0, "limit": each.limit or 0}
        _follow(tx, SEND_LIMIT, state, address, domain, percent, figures, at)


def _is_calm(rule: Thresholds, state: State | None, percent: float) -> bool:
    """Return whether a figure changes nothing, as most do: nothing is over, and it is below the lowest class."""
    return state is None and percent < rule.lowest


def _follow(
    tx: Tx, rule: Thresholds, state: State | None, subject: str, domain: str, percent: float,
    figures: Mapping[str, int], at: float,
) -> None:  # fmt: skip
    before = Level() if state is None else Level.from_json(state.state)
    after, event = step(rule, before, subject, percent, {**figures, "percent": int(percent)})
    if after != before:
        stored = State(after.highest, after.to_json()) if after.highest else None
        events.put_state(tx, rule.rule, subject, domain, stored, at)
    if event is not None:
        events.add(tx, event, domain, at)


def _note_jump(
    tx: Tx, known: Mapping[Key, State], address: str, domain: str, today: int, sent: int | None, usual: Trend, at: float
) -> None:
    state = known.get((Rule.SENT_JUMP, address))
    before = Burst() if state is None else Burst.from_json(state.state)
    after, event = jump(before, address, today, sent, usual)
    if event is not None:
        events.put_state(tx, Rule.SENT_JUMP, address, domain, State(1, after.to_json()), at)
        events.add(tx, event, domain, at)


def _is_deleted_here(tx: Tx, domain: str, username: str, before: float) -> bool:
    """Return whether MXM deleted a mailbox since the list of `before`, or is about to."""
    address = f"{username}@{domain}"
    done = sa.select(audit.c.id).where(
        audit.c.on == address, audit.c.what == AuditAction.MAILBOX_DELETE, audit.c.at >= before - _ON_ITS_WAY
    )
    by_run = sa.select(run_row.c.run).where(
        run_row.c.domain == domain, run_row.c.username == username, run_row.c.action == Action.DELETE,
        run_row.c.outcome.in_((Outcome.SENDING, Outcome.SETTLING)),
    )  # fmt: skip
    by_hand = sa.select(manual_write.c.id).where(
        manual_write.c.domain == domain, manual_write.c.username == username, manual_write.c.action == Action.DELETE,
        manual_write.c.status.in_(("sending", "uncertain")),
    )  # fmt: skip
    return any(tx.execute(query.limit(1)).first() is not None for query in (done, by_run, by_hand))
