"""Changes of picked mailboxes: what is asked, who may, what one mailbox gets at once and several get as a run."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core import client_setup
from mxlib.core.files.clipboard import addresses_in
from mxlib.core.plans.changes import Change, Deletion, NewPassword, NewQuota, NewStored
from mxlib.core.vocabulary import RunKind
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import PlanLimitReached, RateLimitWait, Unauthorized, Unreachable
from mxlib.services.changes import ChangeProposal, ChangeResult, not_done
from mxlib.services.exports import MAX_SELECTIONS, NotFound
from mxlib.services.failures import ListUnavailable
from mxlib.services.mailboxes import AlreadyExists, InvalidField
from tests.support.app import GOOD, House, opened, trail

BOTH = ("kim@a.nl", "nina@a.nl")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two mailboxes of 1024 MB, an unlimited one, and one of another domain."""
    with opened(tmp_path) as made:
        made.have(*BOTH, "free@a.nl", "far@b.nl")
        made.host.send(protocol.update_mailbox("a.nl", "free", quota=0))
        yield made


def quota(text: str) -> NewQuota:
    read = NewQuota.read(text)
    assert read is not None
    return read


def plan(house: House, change: Change, *addresses: str, caller: Caller = LOCAL) -> ChangeProposal:
    return house.services.changes.plan(caller, addresses or BOTH, change)


def do(
    house: House, proposed: ChangeProposal, *, caller: Caller = LOCAL, typed: str = "", agreed: bool = False
) -> ChangeResult:
    return house.services.changes.carry_out(caller, proposed, days=7, typed=typed, agreed=agreed)


def of(house: House, address: str) -> int:
    """The quota that the host has."""
    box = house.host.sandbox.mailbox(address)
    assert box is not None
    return box.quota


def uses(house: House, address: str, megabytes: float) -> None:
    name, _, domain = address.partition("@")
    boxes = house.host.sandbox.account.domains[domain]
    boxes[name] = replace(boxes[name], usage=megabytes)


def allowed(*rights: Permission) -> Caller:
    return Caller("ops", domains={"a.nl": frozenset(rights)})


@pytest.mark.parametrize(
    ("text", "of_1000", "of_unlimited"),
    [
        ("2048", 2048, 2048),
        (" 2 GB ", 2048, 2048),
        ("unlimited", 0, 0),
        ("× 2", 2000, 0),
        ("x1.5", 1500, 0),
        ("*0.0", None, None),
        ("* 0.01", 10, 0),
        ("+ 1024", 2024, 0),
        ("+1 GB", 2024, 0),
        ("+ 0", None, None),
        ("-100", None, None),
        ("much", None, None),
        ("", None, None),
    ],
)
def test_a_quota_is_a_value_or_reckoned_and_unlimited_stays_unlimited(
    text: str, of_1000: int | None, of_unlimited: int | None
) -> None:
    change = NewQuota.read(text)
    assert (change.of(1000) if change else None) == of_1000
    assert (change.of(0) if change else None) == of_unlimited


def test_a_multiplied_quota_never_becomes_zero_which_is_unlimited() -> None:
    assert quota("× 0.01").of(3) == 1


def test_several_get_a_quota_by_a_run_and_those_that_have_it_cost_no_write(house: House) -> None:
    proposed = plan(house, quota("× 2"), *BOTH, "free@a.nl")
    assert proposed.text(0.0) == (
        "Change the quota of 3 mailboxes: × 2? 1 is unlimited and stays so. In all 2.0 GB now, 4.0 GB then. "
        "About 1 minute at MXroute's limit of 20 a minute. You may close this tab."
    )
    writes = house.host.writes()
    done = do(house, proposed)
    assert done.run is not None
    told = house.ended(done.run)
    assert (told["counts"]["updated"], told["counts"]["unchanged"]) == (2, 1)
    assert [of(house, address) for address in (*BOTH, "free@a.nl")] == [2048, 2048, 0]
    assert house.host.writes() == writes + 2


def test_one_is_changed_at_once_without_a_run(house: House) -> None:
    proposed = plan(house, quota("+ 1024"), "kim@a.nl")
    assert proposed.text(0.0) == "Change the quota of kim@a.nl: + 1,024 MB? It is 1.0 GB now."
    done = do(house, proposed)
    assert done.run is None
    assert done.kept is not None
    assert done.kept.box.quota == of(house, "kim@a.nl") == 2048
    assert house.services.runs.all(LOCAL) == ()


def test_a_quota_below_use_is_set_only_when_that_was_agreed_to(house: House) -> None:
    uses(house, "kim@a.nl", 900.0)
    proposed = plan(house, quota("512"))
    with pytest.raises(
        InvalidField, match=r"1 mailbox would be over quota and get no more mail: kim@a.nl 900 of 512 MB\."
    ):
        do(house, proposed)
    assert of(house, "nina@a.nl") == 1024
    done = do(house, proposed, agreed=True)
    assert done.run is not None
    house.ended(done.run)
    assert of(house, "kim@a.nl") == 512


def test_a_quota_beyond_reason_is_refused(house: House) -> None:
    with pytest.raises(InvalidField, match="Write a smaller quota"):
        plan(house, quota("999999999 TB"))


def test_a_new_password_of_one_is_told_once_and_works(house: House) -> None:
    done = do(house, plan(house, NewPassword(), "kim@a.nl"))
    assert house.host.sandbox.password_is("kim@a.nl", done.password)
    assert done.password not in repr(done)


def test_new_passwords_of_several_are_in_the_results_of_the_run(house: House) -> None:
    proposed = plan(house, NewPassword())
    assert "The old ones stop working at once" in proposed.text(0.0)
    done = do(house, proposed)
    assert done.run is not None
    house.ended(done.run)
    rows = house.ask("GET", f"/imports/{done.run}/results").json()["data"]["rows"]
    assert {row["username"] for row in rows} == {"kim", "nina"}
    assert all(house.host.sandbox.password_is(f"{row['username']}@a.nl", row["password"]) for row in rows)


def test_unlimited_mailboxes_that_get_a_quota_are_counted(house: House) -> None:
    asked = house.services.changes.plan(LOCAL, [*BOTH, "free@a.nl"], quota("512")).text(0.0)
    assert "In all 2.0 GB and 1 unlimited now, 1.5 GB then." in asked


def test_what_passes_is_to_be_tried_again_and_what_does_not_is_not() -> None:
    for passing in (Unreachable("MXroute does not answer."), ListUnavailable("MXroute does not answer.")):
        assert not_done(passing) == "MXroute does not answer. What you typed stays here: try again in a minute."
    for outdated in (NotFound("There is no mailbox x@a.nl."), AlreadyExists("x@a.nl already exists.")):
        assert not_done(outdated) == f"{outdated} Press Refresh to see what is there now."
    full = PlanLimitReached("BUSINESS_ERROR", "limit of accounts reached", status=422)
    assert not_done(full).startswith("MXroute: 'limit of accounts reached'. Raise the plan or free some of it")
    refused = Unauthorized("UNAUTHORIZED", "no", status=401)
    assert "again" not in not_done(refused)


def test_recovery_emails_of_several_are_set_and_cleared_without_a_request(house: House) -> None:
    writes = house.host.writes()
    done = do(house, plan(house, NewStored({"kim@a.nl": "Kim@Home.nl", "nina@a.nl": "nina@home.nl"})))
    assert done.run is not None
    house.ended(done.run)
    frame = house.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
    assert frame.loc[["kim", "nina"], "recovery_email"].tolist() == ["kim@home.nl", "nina@home.nl"]
    done = do(house, plan(house, NewStored({"kim@a.nl": "", "nina@a.nl": "nina@home.nl"})))
    assert done.run is not None
    assert house.ended(done.run)["counts"]["unchanged"] == 1
    frame = house.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
    assert frame.loc[["kim", "nina"], "recovery_email"].tolist() == ["", "nina@home.nl"]
    assert house.host.writes() == writes


@pytest.mark.parametrize(("email", "told"), [("nonsense", "is no address"), ("kim@a.nl", "use another")])
def test_a_recovery_email_that_can_be_none_stops_all_of_them(house: House, email: str, told: str) -> None:
    with pytest.raises(InvalidField, match=told):
        plan(house, NewStored({"nina@a.nl": "n@home.nl", "kim@a.nl": email}))


def test_a_deletion_says_how_much_mail_goes_and_wants_its_number_typed(house: House) -> None:
    uses(house, "kim@a.nl", 3000.0)
    uses(house, "nina@a.nl", 481.6)
    proposed = plan(house, Deletion())
    assert proposed.text(0.0).startswith(
        "Delete 2 mailboxes with 3.4 GB of mail? This cannot be taken back. Type 2. About 1 minute"
    )
    for typed in ("", "1", "yes"):
        with pytest.raises(InvalidField, match=r"Type 2 to confirm\."):
            do(house, proposed, typed=typed)
    assert house.host.has("kim@a.nl")
    done = do(house, proposed, typed=" 2 ")
    assert done.run is not None
    assert house.ended(done.run)["counts"]["deleted"] == 2
    view = house.services.runs.get(LOCAL, done.run)
    assert view is not None
    assert view.kind is RunKind.DELETE
    assert not house.host.has("kim@a.nl")


def test_one_is_deleted_at_once_and_wants_a_1_typed(house: House) -> None:
    proposed = plan(house, Deletion(), "kim@a.nl")
    with pytest.raises(InvalidField):
        do(house, proposed)
    do(house, proposed, typed="1")
    assert not house.host.has("kim@a.nl")
    assert ("mailbox.delete", "kim@a.nl", LOCAL.name) in trail(house)


def test_what_is_there_no_more_is_left_out_and_said(house: House) -> None:
    house.services.lists.mailboxes(LOCAL, "a.nl")
    proposed = plan(house, quota("2048"), "kim@a.nl", "KIM@a.nl", "lost@a.nl")
    assert proposed.gone == ("lost@a.nl",)
    assert [row.address for row in proposed.plan.rows] == ["kim@a.nl"]


def test_mailboxes_of_two_domains_are_one_run(house: House) -> None:
    done = do(house, plan(house, quota("2048"), "kim@a.nl", "far@b.nl"))
    assert done.run is not None
    assert house.ended(done.run)["counts"]["updated"] == 2


def test_import_does_not_allow_a_deletion_nor_delete_a_change(house: House) -> None:
    changer, deleter = (
        allowed(Permission.VIEW, Permission.IMPORT),
        allowed(Permission.VIEW, Permission.DELETE),
    )
    with pytest.raises(Forbidden, match=r"delete from a\.nl"):
        plan(house, Deletion(), caller=changer)
    with pytest.raises(Forbidden, match=r"import into a\.nl"):
        plan(house, NewPassword(), caller=deleter)
    with pytest.raises(Forbidden, match=r"import into b\.nl"):
        plan(house, NewPassword(), "kim@a.nl", "far@b.nl", caller=changer)


def test_the_permission_is_asked_for_again_when_it_is_carried_out(house: House) -> None:
    deletion, change = plan(house, Deletion()), plan(house, quota("2048"))
    with pytest.raises(Forbidden):
        do(house, deletion, caller=allowed(Permission.VIEW, Permission.IMPORT), typed="2")
    with pytest.raises(Forbidden):
        do(house, change, caller=allowed(Permission.VIEW, Permission.DELETE))
    assert house.services.runs.all(LOCAL) == ()


def test_whoever_may_not_delete_sees_and_steers_no_deletion_of_others(house: House) -> None:
    done = do(house, plan(house, Deletion()), typed="2")
    assert done.run is not None
    house.ended(done.run)
    runs = house.services.runs
    assert runs.get(allowed(Permission.VIEW, Permission.IMPORT), done.run) is None
    assert runs.get(allowed(Permission.VIEW, Permission.DELETE), done.run) is not None


def test_while_the_host_is_down_nothing_is_planned_on_an_old_list(house: House) -> None:
    house.services.lists.mailboxes(LOCAL, "b.nl")
    house.host.down = True
    with pytest.raises(ListUnavailable, match="could not be read"):
        plan(house, Deletion())


def test_a_busy_host_leaves_the_proposal_as_it_was_to_be_sent_again(house: House) -> None:
    proposed = plan(house, NewPassword(), "kim@a.nl")
    house.host.busy = 50.0
    with pytest.raises(RateLimitWait):
        do(house, proposed)
    house.host.busy = 0.0
    assert house.host.sandbox.password_is("kim@a.nl", do(house, proposed).password)


def test_nothing_to_change_says_why(house: House) -> None:
    assert plan(house, quota("1024")).text(0.0) == "Nothing to change: that is the quota already."
    unlimited = "Nothing to change: unlimited stays unlimited. Write a value to limit it."
    assert plan(house, quota("× 2"), "free@a.nl").text(0.0) == unlimited


def test_a_second_click_starts_no_second_run_even_when_the_first_has_ended(house: House) -> None:
    proposed = plan(house, NewPassword())
    first = do(house, proposed)
    assert first.run is not None
    house.ended(first.run)
    assert do(house, proposed) == first


# What is picked, and taken away.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kim@a.nl\nNINA@A.nl\nkim@a.nl", ["kim@a.nl", "nina@a.nl"]),
        ("Kim Bos <kim@a.nl>, nina@a.nl; far@b.nl.", ["kim@a.nl", "nina@a.nl", "far@b.nl"]),
        ("kim\tnina\n\n  ", ["kim@a.nl", "nina@a.nl"]),
        ("username,quota\nkim@a.nl,1024", ["username@a.nl", "quota@a.nl", "kim@a.nl"]),
        ("mailto:x (kim@a.nl)", ["kim@a.nl"]),
        ("", []),
        ("@ ,;<>", []),
    ],
)
def test_addresses_are_found_in_whatever_is_pasted(text: str, found: list[str]) -> None:
    assert addresses_in(text, "a.nl") == found


def test_a_long_paste_is_read_in_no_time() -> None:
    began = time.perf_counter()
    assert len(addresses_in("x" * 200_000 + "@" + "y" * 200_000 + " " + "a <" * 50_000, "a.nl")) == 1
    assert time.perf_counter() - began < 1.0


def test_a_selection_is_taken_away_by_its_own_caller_alone(house: House) -> None:
    exports = house.services.exports
    other = Caller("somebody else", admin=True)
    number = exports.keep_selection(LOCAL, ["kim@a.nl", "far@b.nl", "lost@a.nl"])
    assert number == exports.keep_selection(LOCAL, ["kim@a.nl", "far@b.nl", "lost@a.nl"])
    file = exports.selection_file(LOCAL, number, "csv")
    assert file.name.startswith("mailboxes-all-selection-")
    assert [line.split(b",")[0] for line in file.content.splitlines()[1:]] == [b"kim", b"far"]
    assert exports.selection_file(LOCAL, number, "xlsx").content.startswith(b"PK")
    for caller, asked in ((other, number), (LOCAL, "0" * 32), (LOCAL, "")):
        with pytest.raises(NotFound, match="Tick the mailboxes again"):
            exports.selection_file(caller, asked, "csv")
    assert [what for what, *_ in trail(house)].count("export") == 4


def test_a_selection_asks_for_the_permission_when_it_is_taken(house: House) -> None:
    viewer = allowed(Permission.VIEW)
    number = house.services.exports.keep_selection(viewer, ["kim@a.nl"])
    with pytest.raises(Forbidden):
        house.services.exports.selection_file(viewer, number, "csv")


def test_selections_do_not_pile_up(house: House) -> None:
    exports = house.services.exports
    first = exports.keep_selection(LOCAL, ["kim@a.nl"])
    for count in range(MAX_SELECTIONS):
        exports.keep_selection(LOCAL, [f"{count}@a.nl"])
    with pytest.raises(NotFound):
        exports.selection_file(LOCAL, first, "csv")


# A mailbox that is being typed.


def test_what_is_wrong_is_told_field_by_field_without_asking_the_host(house: House) -> None:
    sent = len(house.host.sent)
    cells = {"username": "jan jansen", "password": "short", "quota": "much", "recovery_email": "none"}
    judged = house.services.mailboxes.look("a.nl", cells)
    assert judged.faults == {
        "username": "'jan jansen' has a space; try jan.jansen.",
        "password": "The password needs 8 characters, a capital and a digit.",
        "quota": "Quota 'much': write 1024 or 1 GB.",
        "recovery_email": "Recovery email 'none' is no address; write it like name@example.com.",
    }
    assert next(iter(judged.faults)) == "username"
    assert house.services.mailboxes.look("a.nl", {"username": "jan", "password": GOOD, "quota": "5"}).warnings == (
        "5 MB: did you mean 5 GB?",
    )
    assert len(house.host.sent) == sent
    assert "short" not in repr(judged)


def test_the_text_for_the_owner_holds_everything_but_the_password() -> None:
    text = client_setup.text("kim@a.nl", "eagle.mxlogin.com")
    for told in ("kim@a.nl", "eagle.mxlogin.com", "IMAP", "993", "SMTP", "465", "POP3", "995", "SSL/TLS"):
        assert told in text
