"""Search and the history of a mailbox: from stored lists, within permissions."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import Deletion, NewQuota
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.mxroute import protocol
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import history
from mxlib.services.history import Event
from mxlib.store import audit, first_seen, mailbox_lists
from tests.support.app import GOOD, App, opened


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Mailboxes of two domains whose lists are kept; c.nl was never read."""
    with opened(tmp_path) as made:
        made.have("kim@a.nl", "kimono@a.nl", "joakim@a.nl", "kim@b.nl", "kim@c.nl")
        for domain in ("a.nl", "b.nl"):
            made.services.lists.mailboxes(LOCAL, domain)
        made.services.lists.domains(LOCAL)
        yield made


def viewer(*domains: str) -> Caller:
    return Caller("ops", domains=dict.fromkeys(domains, frozenset({Permission.VIEW})))


def found(app: App, text: str, caller: Caller = LOCAL) -> list[str]:
    return [hit.address for hit in app.services.search.find(caller, text).hits]


def test_the_exact_address_comes_first_then_those_that_begin_with_it(app: App) -> None:
    assert found(app, "Kim") == ["kim@a.nl", "kim@b.nl", "kimono@a.nl", "joakim@a.nl"]
    assert found(app, " kim@b.nl ") == ["kim@b.nl"]
    assert found(app, "nobody") == found(app, "") == found(app, "  ") == []


def test_recovery_emails_are_found_after_the_addresses(app: App) -> None:
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "joakim", "recovery_email", "kimono.fan@home.nl")
    assert found(app, "kimono") == ["kimono@a.nl", "joakim@a.nl"]
    assert found(app, "%") == found(app, "_") == []


def test_a_search_sends_nothing_even_when_every_list_is_old(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = len(app.host.sent)
    now = time.time() + 86_400
    monkeypatch.setattr(app.services.clock, "now", lambda: now)
    hits = app.services.search.find(LOCAL, "kim")
    assert len(app.host.sent) == sent
    assert hits.never_read == ("c.nl",)
    assert hits.describe(now) == "2 of 3 domains searched; the oldest list is 24 hours old. 1 domain not loaded."


def test_domains_never_read_are_read_on_request(app: App) -> None:
    app.services.search.read(LOCAL)
    assert "kim@c.nl" in found(app, "kim")
    assert app.services.search.find(LOCAL, "kim").never_read == ()


def test_only_domains_with_view_are_searched(app: App) -> None:
    assert found(app, "kim", viewer("b.nl")) == ["kim@b.nl"]
    hits = app.services.search.find(viewer("b.nl"), "kim")
    assert (hits.domains, hits.never_read) == (1, ())
    assert found(app, "kim", Caller("x", domains={"a.nl": frozenset({Permission.DELETE})})) == []


def test_a_search_follows_a_create_or_deletion_by_hand_at_once(app: App) -> None:
    app.services.mailboxes.create(LOCAL, "a.nl", {"username": "kimberley", "password": GOOD})
    app.services.mailboxes.delete(LOCAL, "a.nl", "kimono")
    assert found(app, "kim") == ["kim@a.nl", "kim@b.nl", "kimberley@a.nl", "joakim@a.nl"]


def test_of_a_thousand_mailboxes_the_first_fifty_hits_are_returned(app: App) -> None:
    boxes = [Mailbox(f"person{n}", f"person{n}@a.nl", 1024, 0.0, 9600, 0, False) for n in range(1_000)]
    with app.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, time.time())
    assert len(found(app, "person7")) == 50


# The past.


def past(app: App, address: str) -> list[Event]:
    name, _, domain = address.partition("@")
    return list(app.services.histories.of(LOCAL, domain, name).events)


def origin(app: App, address: str, now: float) -> str:
    name, _, domain = address.partition("@")
    return app.services.histories.of(LOCAL, domain, name).origin(now)


def imported(app: App, *names: str) -> int:
    rows = [{"username": name, "password": GOOD} for name in names]
    answer = app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows})
    run = int(answer.json()["data"]["id"])
    app.ended(run)
    return run


def test_a_mailbox_not_created_by_mxm_has_a_first_seen_event(app: App) -> None:
    at = time.mktime((2026, 5, 3, 12, 0, 0, 0, 0, -1))
    boxes = [Mailbox("old", "old@a.nl", 1024, 0.0, 9600, 0, False)]
    with app.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at)
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at + 9_000_000)
    assert origin(app, "old@a.nl", at) == "Created outside MXM. First seen 3 May."
    assert past(app, "old@a.nl") == []


def test_a_mailbox_created_by_mxm_has_no_first_seen_event(app: App) -> None:
    run = imported(app, "fresh")
    app.services.mailboxes.create(LOCAL, "a.nl", {"username": "new", "password": GOOD})
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    with app.services.store.read() as tx:
        assert first_seen.since(tx, "a.nl", "fresh") is first_seen.since(tx, "a.nl", "new") is None
        assert first_seen.since(tx, "a.nl", "kim") is not None
    assert [(event.what, event.run) for event in past(app, "fresh@a.nl")] == [("Created", run)]
    assert [(event.what, event.run, event.who) for event in past(app, "new@a.nl")] == [("Created", None, LOCAL.name)]
    assert origin(app, "fresh@a.nl", 0) == origin(app, "new@a.nl", 0) == ""


def made_elsewhere(app: App, domain: str = "a.nl") -> list[str]:
    frame = app.services.lists.in_all(LOCAL, [domain])
    return list(frame.loc[frame["made_elsewhere"], "username"])


def test_the_lists_know_which_mailboxes_mxm_did_not_create(app: App) -> None:
    imported(app, "fresh")
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    app.services.mailboxes.create(LOCAL, "a.nl", {"username": "new", "password": GOOD})
    assert made_elsewhere(app) == ["joakim", "kim", "kimono"]
    assert made_elsewhere(app, "b.nl") == ["kim"]


def test_a_mailbox_that_mxm_created_again_since_is_its_own(app: App) -> None:
    with app.services.store.write() as tx:
        audit.record(tx, audit.MXM, AuditAction.MAILBOX_CREATE, at=time.time() + 1.0, on="kim@a.nl")
        audit.record(tx, audit.MXM, AuditAction.MAILBOX_CREATE, at=1.0, on="joakim@a.nl")
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    assert made_elsewhere(app) == ["joakim", "kimono"]


def test_every_change_is_listed_once_with_actor_and_run_newest_first(app: App) -> None:
    run = imported(app, "fresh", "other")
    changing = app.services.changes
    proposed = changing.plan(LOCAL, ["fresh@a.nl", "other@a.nl"], NewQuota(2048))
    second = changing.carry_out(LOCAL, proposed, days=7).run
    app.ended(second or 0)
    app.services.mailboxes.update(LOCAL, "a.nl", "fresh", {"quota": 4096})
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "fresh", "recovery_email", "f@home.nl")
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "fresh", "recovery_email", "")
    events = past(app, "fresh@a.nl")
    assert [(event.what, event.run) for event in events] == [
        ("Recovery email removed", None),
        ("Recovery email set", None),
        ("Changed", None),
        ("Changed", second),
        ("Created", run),
    ]
    assert events[3].file == "Set quota: 2,048 MB"
    assert "1024 → 2048" in events[3].detail
    assert events[2].detail == "quota 2048 → 4096"


def test_a_skipped_row_is_not_in_the_history_and_a_failed_one_is(app: App) -> None:
    imported(app, "kim")
    assert past(app, "kim@a.nl") == []
    proposed = app.services.changes.plan(LOCAL, ["kim@a.nl", "kimono@a.nl"], NewQuota(2048))
    app.host.goes_wrong("plan_full", count=2)
    app.ended(app.services.changes.carry_out(LOCAL, proposed, days=7).run or 0)
    assert [event.what for event in past(app, "kim@a.nl")] == ["Change failed"]
    assert "MXroute" in past(app, "kim@a.nl")[0].detail


def test_a_mailbox_that_exists_again_after_a_deletion_says_so(app: App) -> None:
    imported(app, "fresh", "other")
    changing = app.services.changes
    proposed = changing.plan(LOCAL, ["fresh@a.nl", "other@a.nl"], Deletion())
    app.ended(changing.carry_out(LOCAL, proposed, days=7, typed="2").run or 0)
    assert [event.what for event in past(app, "fresh@a.nl")] == ["Deleted", "Created"]
    app.host.send(protocol.create_mailbox("a.nl", "fresh", GOOD))
    assert origin(app, "fresh@a.nl", 0) == "Deleted here once; someone else created it again."


def test_the_origin_follows_what_was_done_and_not_what_it_is_called(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = dict.fromkeys(Action, "Something happened")
    monkeypatch.setattr(history, "_DID", labels)
    run = imported(app, "fresh")
    assert [(event.what, event.did) for event in past(app, "fresh@a.nl")] == [("Something happened", Action.CREATE)]
    assert past(app, "fresh@a.nl")[0].run == run
    assert origin(app, "fresh@a.nl", 0) == ""


def test_an_entry_of_an_earlier_release_says_by_its_outcome_that_a_value_was_removed(app: App) -> None:
    with app.services.store.write() as tx:
        for outcome in ("", "removed"):
            audit.record(tx, LOCAL, AuditAction.RECOVERY_SET, at=time.time(), on="kim@a.nl", outcome=outcome)
    assert [event.what for event in past(app, "kim@a.nl")] == ["Recovery email removed", "Recovery email set"]


def test_the_history_is_visible_to_viewers_of_the_domain(app: App) -> None:
    app.services.histories.of(viewer("a.nl"), "a.nl", "kim")
    with pytest.raises(Forbidden):
        app.services.histories.of(viewer("b.nl"), "a.nl", "kim")


def test_a_mailbox_that_returns_to_the_host_is_first_seen_again(app: App) -> None:
    box = Mailbox("back", "back@a.nl", 1024, 0.0, 9600, 0, False)
    with app.services.store.write() as tx:
        for at, boxes in ((1_000.0, [box]), (2_000.0, []), (3_000.0, [box]), (4_000.0, [box])):
            mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at)
        assert first_seen.since(tx, "a.nl", "back") == 3_000.0
