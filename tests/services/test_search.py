"""Find and the past of a mailbox: by what is kept here, for those who may see it, and truthfully."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import Deletion, NewQuota
from mxlib.mxroute import protocol
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.history import Event
from mxlib.store import first_seen, mailbox_lists
from tests.support.app import GOOD, House, opened


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Mailboxes of two domains whose lists are kept; c.nl was never read."""
    with opened(tmp_path) as made:
        made.have("kim@a.nl", "kimono@a.nl", "joakim@a.nl", "kim@b.nl", "kim@c.nl")
        for domain in ("a.nl", "b.nl"):
            made.services.lists.mailboxes(LOCAL, domain)
        made.services.lists.domains(LOCAL)
        yield made


def viewer(*domains: str) -> Caller:
    return Caller("ops", domains=dict.fromkeys(domains, frozenset({Permission.VIEW})))


def found(house: House, text: str, caller: Caller = LOCAL) -> list[str]:
    return [hit.address for hit in house.services.search.find(caller, text).hits]


def test_the_whole_address_comes_first_then_what_begins_so(house: House) -> None:
    assert found(house, "Kim") == ["kim@a.nl", "kim@b.nl", "kimono@a.nl", "joakim@a.nl"]
    assert found(house, " kim@b.nl ") == ["kim@b.nl"]
    assert found(house, "nobody") == found(house, "") == found(house, "  ") == []


def test_a_recovery_email_is_found_too_after_the_addresses(house: House) -> None:
    house.services.mailboxes.set_stored(LOCAL, "a.nl", "joakim", "recovery_email", "kimono.fan@home.nl")
    assert found(house, "kimono") == ["kimono@a.nl", "joakim@a.nl"]
    assert found(house, "%") == found(house, "_") == []


def test_finding_sends_nothing_even_when_every_list_is_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = len(house.host.sent)
    now = time.time() + 86_400
    monkeypatch.setattr(house.services.clock, "now", lambda: now)
    told = house.services.search.find(LOCAL, "kim")
    assert len(house.host.sent) == sent
    assert told.never_read == ("c.nl",)
    assert told.told(now) == "Searched 2 domains; the oldest list is 24 hours old. 1 domain never read."


def test_domains_never_read_are_read_when_asked(house: House) -> None:
    house.services.search.read(LOCAL)
    assert "kim@c.nl" in found(house, "kim")
    assert house.services.search.find(LOCAL, "kim").never_read == ()


def test_only_domains_that_one_may_view_are_searched(house: House) -> None:
    assert found(house, "kim", viewer("b.nl")) == ["kim@b.nl"]
    told = house.services.search.find(viewer("b.nl"), "kim")
    assert (told.domains, told.never_read) == (1, ())
    assert found(house, "kim", Caller("x", domains={"a.nl": frozenset({Permission.DELETE})})) == []


def test_a_mailbox_made_or_deleted_by_hand_is_found_or_not_at_once(house: House) -> None:
    house.services.mailboxes.create(LOCAL, "a.nl", {"username": "kimberley", "password": GOOD})
    house.services.mailboxes.delete(LOCAL, "a.nl", "kimono")
    assert found(house, "kim") == ["kim@a.nl", "kim@b.nl", "kimberley@a.nl", "joakim@a.nl"]


def test_of_ten_thousand_mailboxes_the_first_fifty_hits_are_told(house: House) -> None:
    boxes = [Mailbox(f"person{n}", f"person{n}@a.nl", 1024, 0.0, 9600, 0, False) for n in range(10_000)]
    with house.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, time.time())
    assert len(found(house, "person77")) == 50


# The past.


def past(house: House, address: str) -> list[Event]:
    name, _, domain = address.partition("@")
    return list(house.services.histories.of(LOCAL, domain, name).events)


def origin(house: House, address: str, now: float) -> str:
    name, _, domain = address.partition("@")
    return house.services.histories.of(LOCAL, domain, name).origin(now)


def imported(house: House, *names: str) -> int:
    rows = [{"username": name, "password": GOOD} for name in names]
    answer = house.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows})
    run = int(answer.json()["data"]["id"])
    house.ended(run)
    return run


def test_what_mxm_did_not_make_says_since_when_it_is_known(house: House) -> None:
    at = time.mktime((2026, 5, 3, 12, 0, 0, 0, 0, -1))
    boxes = [Mailbox("old", "old@a.nl", 1024, 0.0, 9600, 0, False)]
    with house.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at)
        mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at + 9_000_000)
    assert origin(house, "old@a.nl", at) == "Not made here, first seen 3 May."
    assert past(house, "old@a.nl") == []


def test_what_a_run_or_a_hand_made_was_never_first_seen(house: House) -> None:
    run = imported(house, "fresh")
    house.services.mailboxes.create(LOCAL, "a.nl", {"username": "new", "password": GOOD})
    house.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    with house.services.store.read() as tx:
        assert first_seen.since(tx, "a.nl", "fresh") is first_seen.since(tx, "a.nl", "new") is None
        assert first_seen.since(tx, "a.nl", "kim") is not None
    assert [(event.what, event.run) for event in past(house, "fresh@a.nl")] == [("Created", run)]
    assert [(event.what, event.run, event.who) for event in past(house, "new@a.nl")] == [("Created", None, LOCAL.name)]
    assert origin(house, "fresh@a.nl", 0) == origin(house, "new@a.nl", 0) == ""


def test_every_change_is_there_once_with_who_and_which_run_newest_first(house: House) -> None:
    run = imported(house, "fresh", "other")
    changing = house.services.changes
    proposed = changing.plan(LOCAL, ["fresh@a.nl", "other@a.nl"], NewQuota(2048))
    second = changing.carry_out(LOCAL, proposed, days=7).run
    house.ended(second or 0)
    house.services.mailboxes.update(LOCAL, "a.nl", "fresh", {"quota": 4096})
    house.services.mailboxes.set_stored(LOCAL, "a.nl", "fresh", "recovery_email", "f@home.nl")
    house.services.mailboxes.set_stored(LOCAL, "a.nl", "fresh", "recovery_email", "")
    events = past(house, "fresh@a.nl")
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


def test_a_row_that_was_left_out_did_nothing_and_one_that_failed_tried(house: House) -> None:
    imported(house, "kim")
    assert past(house, "kim@a.nl") == []
    proposed = house.services.changes.plan(LOCAL, ["kim@a.nl", "kimono@a.nl"], NewQuota(2048))
    house.host.goes_wrong("plan_full", count=2)
    house.ended(house.services.changes.carry_out(LOCAL, proposed, days=7).run or 0)
    assert [event.what for event in past(house, "kim@a.nl")] == ["Change failed"]
    assert "MXroute" in past(house, "kim@a.nl")[0].detail


def test_what_was_deleted_here_and_is_there_again_says_so(house: House) -> None:
    imported(house, "fresh", "other")
    changing = house.services.changes
    proposed = changing.plan(LOCAL, ["fresh@a.nl", "other@a.nl"], Deletion())
    house.ended(changing.carry_out(LOCAL, proposed, days=7, typed="2").run or 0)
    assert [event.what for event in past(house, "fresh@a.nl")] == ["Deleted", "Created"]
    house.host.send(protocol.create_mailbox("a.nl", "fresh", GOOD))
    assert origin(house, "fresh@a.nl", 0) == "Deleted here once; somebody else made it again."


def test_the_past_is_told_to_those_who_may_view_the_domain(house: House) -> None:
    house.services.histories.of(viewer("a.nl"), "a.nl", "kim")
    with pytest.raises(Forbidden):
        house.services.histories.of(viewer("b.nl"), "a.nl", "kim")


def test_what_left_the_host_and_came_back_is_first_seen_anew(house: House) -> None:
    box = Mailbox("back", "back@a.nl", 1024, 0.0, 9600, 0, False)
    with house.services.store.write() as tx:
        for at, boxes in ((1_000.0, [box]), (2_000.0, []), (3_000.0, [box]), (4_000.0, [box])):
            mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, at)
        assert first_seen.since(tx, "a.nl", "back") == 3_000.0
