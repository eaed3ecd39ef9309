"""Any order of requests, floods of others, restarts and used links: few mails, and no owner is locked out."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import LinkPurpose
from mxlib.core.self_service import HOUR_S, MAX_MAILS, Mailed, may_mail
from mxlib.services.self_service import SelfService
from mxlib.store import links, outbox, reset_answers, stored_columns
from tests.support.app import App, opened
from tests.support.threaded_runs import ShiftedClock

PRIVATE = "nina@mail.example"

STEPS = st.one_of(
    st.sampled_from(["owner", "use", "restart", "work", "send"]),
    st.tuples(st.just("flood"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.sampled_from([1, 59, 600, 1_199, 1_201, 3_590, 3_601])),
)


class _World:
    """A server, its clock, and what the owner of a mailbox sees."""

    def __init__(self, app: App, clock: ShiftedClock) -> None:
        self.app, self.clock, self.stranger, self.used = app, clock, 0, False

    def step(self, step: object) -> None:
        match step:
            case "owner":
                self.app.services.self_service.request("nina@a.nl", "192.0.2.1")
                self.app.services.self_service.work()
                if not self.used:
                    assert self.living() is not None, "the owner is locked out"
            case "use":
                if (living := self.living()) is not None:
                    with self.app.services.store.write() as tx:
                        links.use(tx, living.id, self.clock.now())
                    self.used = True
            case "restart":
                s = self.app.services
                again = SelfService(s.settings, s.store, self.clock, s.lists, s.outbox, s.handover_texts, s.link_maker)
                object.__setattr__(s, "self_service", again)
            case "work":
                self.app.services.self_service.work()
            case "send":
                self.app.services.outbox.send_due()
            case ("flood", int(many)):
                for _ in range(many):
                    self.stranger += 1
                    self.app.services.self_service.request("Nina@A.nl", f"198.51.100.{self.stranger % 250}")
                    self.app.services.self_service.request(f"n{self.stranger}@a.nl", f"203.0.113.{self.stranger % 250}")
            case ("wait", int(seconds)):
                self.clock.ahead += seconds
        self.check()

    def living(self) -> links.LinkRecord | None:
        with self.app.services.store.read() as tx:
            found = links.living(tx, "a.nl", "nina", LinkPurpose.RESET, self.clock.now())
        return found if found is not None and found.mail is not None else None

    def check(self) -> None:
        with self.app.services.store.read() as tx:
            sent = [each.queued_at for each in outbox.newest(tx, 500) if each.recipient == PRIVATE]
            others = [each for each in outbox.newest(tx, 500) if each.recipient != PRIVATE]
            answers = reset_answers.of_mailbox(tx, "a.nl", "nina", 500)
        assert others == []
        for at in sent:
            assert sum(at - HOUR_S < each <= at for each in sent) <= MAX_MAILS
        assert len(answers) <= 3 * len(sent) + 2


@given(steps=st.lists(STEPS, min_size=4, max_size=16), minutes=st.sampled_from([20, 29, 60, 180]))
@settings(max_examples=12)
def test_no_order_of_requests_locks_the_owner_out_or_mails_too_often(steps: list[object], minutes: int) -> None:
    clock = ShiftedClock()
    with TemporaryDirectory() as folder, opened(Path(folder), clock, reset_minutes=minutes) as app:
        app.have("nina@a.nl")
        with app.services.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "nina", PRIVATE, clock.now())
        app.services.self_service.switch(LOCAL, "a.nl", on=True)
        world = _World(app, clock)
        for step in steps:
            world.step(step)


@given(
    minutes=st.sampled_from([20, 21, 29, 30, 59, 60, 61, 180, 1_440]),
    wishes=st.lists(
        st.tuples(st.one_of(st.floats(0.0, 1_800.0), st.sampled_from(["end", "after"])), st.integers(1, 4)),
        max_size=30,
    ),
)
def test_a_link_that_follows_an_expired_one_is_always_mailed(
    minutes: int, wishes: list[tuple[float | str, int]]
) -> None:
    """However often anyone asks, also right before a link ends: three mails an hour, and the next link never waits."""
    now, ends = 1_000_000.0, 0.0
    mails: list[Mailed] = []
    for pause, times in wishes:
        if isinstance(pause, str):
            now = max(now, ends - 0.5 if pause == "end" else ends)
        else:
            now += pause
        for _ in range(times):
            is_new = now >= ends
            may = may_mail(mails, now, is_new=is_new, minutes=minutes)
            assert may or not is_new
            if may:
                mails.append(Mailed(now, is_new))
                ends = now + minutes * 60.0 if is_new else ends
        assert sum(now - HOUR_S < mail.at <= now for mail in mails) <= MAX_MAILS
