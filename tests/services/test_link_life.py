"""The life of a link: whatever happens in whatever order, it is used once, by whom it was sent to, or not at all."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import LinkEnd, PageState, SetResult
from mxlib.mxroute.errors import MXrouteError
from mxlib.runs.manager import InvalidState
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.manual_writes import MailboxLocked
from mxlib.store import links as kept
from mxlib.store import manual_writes
from mxlib.store.tables import link as table
from tests.support.app import GOOD, opened
from tests.support.hypothesis_profiles import examples
from tests.support.links import LinkDesk
from tests.support.manual_writes import Killed
from tests.support.threaded_runs import ShiftedClock

PRIVATE = "nina@mail.example"
FAULTS = (
    "", "", "", "rate_limited", "error_before", "error_after", "error_late", "lost_before", "lost_after", "lost_late",
    "html_after", "forbidden", "no_done_404",
)  # fmt: skip
HOUR = 3_600.0
#: Places among the links so far, the newest first, which is the one that may live.
PLACES = st.sampled_from([0, 0, 0, 1, 2, 5])


class LinkLife(RuleBasedStateMachine):
    """One mailbox, its owner with every link that was ever mailed, an operator, and a host that misbehaves."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.clock = ShiftedClock()
        self.app = self.stack.enter_context(opened(folder, self.clock))
        self.app.host.time = self.clock.now
        self.desk = LinkDesk(self.app)
        self.desk.have(nina=PRIVATE)
        self.tokens: list[str] = []
        self.number = 0
        #: Passwords that were sent with a valid link, or by the operator, and that the host may have or get.
        self.possible = {GOOD}
        self.used: set[str] = set()
        #: Whether the link ended while its password waited to be sent.
        self.died = False

    def teardown(self) -> None:
        self.stack.close()

    # What happens.

    @initialize()
    def begin(self) -> None:
        self.start()

    @rule()
    def start(self) -> None:
        """Send a link in place of the living one."""
        with suppress(InvalidState):
            self.desk.start("nina@a.nl", expires_days=1)
        self.mail()

    @rule(hours=st.sampled_from([1, 30]))
    def plan(self, hours: int) -> None:
        """Plan a link for later, which leaves the living one until then."""
        before = self.living()
        with suppress(InvalidState):
            self.desk.start("nina@a.nl", expires_days=1, send_at=self.clock.now() + hours * HOUR)
        assert self.living() == before

    def mail(self) -> None:
        self.desk.send()
        with suppress(StopIteration):
            if (token := self.desk.token(PRIVATE)) not in self.tokens:
                self.tokens.append(token)

    @rule(place=PLACES, opened=st.booleans())
    def look(self, place: int, opened: bool) -> None:
        token = self.token(place)
        before, writes = self.state(token), self.app.host.writes()
        self.app.services.password_links.open(token, opened=opened)
        assert (self.state(token), self.app.host.writes()) == (before, writes)

    @rule(
        place=PLACES, fault=st.sampled_from(FAULTS), twice=st.booleans(),
        meanwhile=st.sampled_from(["", "", "", "post", "revoke", "resend", "password", "lock", "expire"]),
    )  # fmt: skip
    def post(self, place: int, fault: str, twice: bool, meanwhile: str) -> None:
        """Set a password behind a link, while something else may happen before it is sent."""
        token = self.token(place)
        self.goes_wrong(fault, 2 if twice else 1)
        if meanwhile:
            self.waits(lambda: self.happens(meanwhile, token), token)
        self.died = False
        self.posted(token)
        self.goes_wrong("", 1)
        self.app.host.waits = lambda _request: None

    def posted(self, token: str) -> SetResult:
        password, before = self.new_password(), self.state(token)
        if before is PageState.LIVING:
            self.possible.add(password)
        result = self.desk.use(token, password)
        if before is not PageState.LIVING or self.died:
            assert not self.was_sent(password), "a password was sent without a valid link"
        if result.done:
            assert self.desk.password("nina@a.nl") == password
            assert self.state(token) is PageState.SPENT
            self.possible = {password}
            self.used.add(token)
        return result

    def happens(self, what: str, token: str) -> None:
        match what:
            case "post":
                self.posted(token)
            case "revoke":
                self.revoke()
            case "resend":
                self.resend()
            case "password":
                self.set_password()
            case "lock":
                self.lock()
            case "expire":
                self.clock.ahead += 2 * 86_400

    @rule()
    def wrong(self) -> None:
        token = self.tokens[-1]
        before, sent = self.state(token), self.sent_to_nina()
        self.desk.use(token, "short")
        self.desk.use(token + "x", self.new_password())
        assert (self.state(token), self.sent_to_nina()) == (before, sent)

    @rule(reaches=st.booleans())
    def killed(self, reaches: bool) -> None:
        """Let the process die while a password is set, and start again."""
        token, send = self.tokens[-1], self.app.host.send
        before = self.state(token)

        def dies(request: Any, **how: Any) -> Any:
            if request.kind == "write":
                if reaches:
                    send(request, **how)
                raise Killed
            return send(request, **how)

        password = self.new_password()
        if before is PageState.LIVING:
            self.possible.add(password)
        self.app.host.send = dies  # type: ignore[method-assign]
        try:
            with suppress(Killed):
                self.desk.use(token, password)
        finally:
            self.app.host.send = send  # type: ignore[method-assign]
        assert self.state(token) is before
        with self.app.services.store.write() as tx:
            for write in manual_writes.find_open(tx):
                at = self.clock.now() + 30.0
                manual_writes.change(tx, write.id, status=manual_writes.UNCERTAIN, settle_at=at)

    @rule(seconds=st.sampled_from([5.0, 31.0, HOUR, 25 * HOUR]))
    def time_passes(self, seconds: float) -> None:
        self.clock.ahead += seconds
        self.app.services.manual_writes.settle()
        self.app.services.link_maker.work()

    @rule()
    def over(self) -> None:
        """Let the day pass after which every link is over, and set a password behind the newest one nevertheless."""
        self.clock.ahead += 25 * HOUR
        assert all(self.state(each) is not PageState.LIVING for each in self.tokens)
        self.posted(self.token(0))

    @rule()
    def set_password(self) -> None:
        password = self.new_password()
        self.possible.add(password)
        with suppress(MXrouteError, OutcomeUnknown, MailboxLocked):
            self.app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": password})
            assert self.living() == []

    @rule()
    def lock(self) -> None:
        with suppress(MXrouteError, OutcomeUnknown, MailboxLocked):
            self.app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
            assert self.living() == []
            self.possible.add(self.desk.password("nina@a.nl"))

    @rule()
    def unlock(self) -> None:
        password = self.new_password()
        self.possible.add(password)
        with suppress(MXrouteError, OutcomeUnknown, MailboxLocked):
            self.app.services.mailboxes.unlock(LOCAL, "a.nl", "nina", password)

    @precondition(lambda self: self.newest() is not None)
    @rule()
    def resend(self) -> None:
        with suppress(InvalidState):
            self.app.services.sent_links.resend(LOCAL, self.newest())
        self.mail()

    @precondition(lambda self: self.newest() is not None)
    @rule()
    def revoke(self) -> None:
        number = self.newest()
        self.app.services.sent_links.revoke(LOCAL, number)
        assert number not in self.living()

    # What always holds.

    @invariant()
    def a_mailbox_has_one_living_link_at_most(self) -> None:
        assert len(self.living()) <= 1
        usable = [each for each in self.tokens if self.state(each) in {PageState.LIVING, PageState.NOT_YET}]
        assert len(usable) <= 1

    @invariant()
    def a_used_link_has_set_the_password(self) -> None:
        with self.app.services.store.read() as tx:
            ends = {token: record.end for token in self.tokens if (record := kept.by_token(tx, token))}
        burnt = {token for token, end in ends.items() if end == LinkEnd.SET}
        assert burnt <= self.used

    @invariant()
    def the_password_is_one_that_was_sent_with_a_right_to_it(self) -> None:
        current = self.desk.password("nina@a.nl")
        assert current in self.possible

    # Parts.

    def token(self, place: int) -> str:
        return self.tokens[-1 - min(place, len(self.tokens) - 1)]

    def state(self, token: str) -> PageState:
        """Return the state of the page, which lives while its link has neither ended nor expired."""
        state: PageState = self.app.services.password_links.open(token, opened=False).state
        with self.app.services.store.read() as tx:
            record = kept.by_token(tx, token)
        lives = record is not None and record.ended_at is None and self.clock.now() < record.expires_at
        assert (state is PageState.LIVING) == lives
        return state

    def living(self) -> list[int]:
        with self.app.services.store.read() as tx:
            made = table.c.token_digest.is_not(None)
            return list(tx.execute(sa.select(table.c.id).where(table.c.ended_at.is_(None), made)).scalars())

    def newest(self) -> int | None:
        with self.app.services.store.read() as tx:
            return tx.scalar(sa.select(sa.func.max(table.c.id)))

    def new_password(self) -> str:
        self.number += 1
        return f"Zomer.in.Brugge.{self.number}x"

    def goes_wrong(self, fault: str, count: int) -> None:
        rules = [Rule(NAMED[fault], on="write", first=1, count=count)] if fault else []
        self.app.host.sandbox.schedule = Schedule.of(*rules)

    def waits(self, act: Callable[[], object], token: str) -> None:
        """Let something happen once while the next write waits for its slot."""

        def once(request: Any) -> None:
            if request.kind == "write":
                self.app.host.waits = lambda _request: None
                act()
                self.died = self.state(token) is not PageState.LIVING

        self.app.host.waits = once

    def was_sent(self, password: str) -> bool:
        return any(request.body and request.body.get("password") == password for request in self.app.host.sent)

    def sent_to_nina(self) -> int:
        return sum(request.kind == "write" and "nina" in request.path for request in self.app.host.sent)


LinkLife.TestCase.settings = settings(max_examples=examples(30), stateful_step_count=14)
TestLinkLife = LinkLife.TestCase
