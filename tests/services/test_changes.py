"""Changes of picked mailboxes: what is asked, who may, what one mailbox gets at once and several get as a run."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.clock import SystemClock
from mxlib.core import client_setup
from mxlib.core.files.clipboard import addresses_in
from mxlib.core.plans.changes import Change, Deletion, NewPassword, NewQuota, NewStored
from mxlib.core.vocabulary import RunKind
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import (
    PlanLimitReached,
    RateLimited,
    RateLimitWait,
    Unauthorized,
    UnexpectedData,
    Unreachable,
)
from mxlib.services.changes import ChangeProposal, ChangeResult, not_done
from mxlib.services.empty_lists import EmptyLists
from mxlib.services.exports import MAX_SELECTIONS, NotFound
from mxlib.services.failures import Failure, ListUnavailable, start_waits
from mxlib.services.mailboxes import AlreadyExists, InvalidField
from tests.support.app import GOOD, App, opened, trail

BOTH = ("kim@a.nl", "nina@a.nl")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Two mailboxes of 1024 MB, an unlimited one, and one of another domain."""
    with opened(tmp_path) as made:
        made.have(*BOTH, "free@a.nl", "far@b.nl")
        made.host.send(protocol.update_mailbox("a.nl", "free", quota=0))
        yield made


def quota(text: str) -> NewQuota:
    read = NewQuota.read(text)
    assert read is not None
    return read


def plan(app: App, change: Change, *addresses: str, caller: Caller = LOCAL) -> ChangeProposal:
    return app.services.changes.plan(caller, addresses or BOTH, change)


def do(
    app: App, proposed: ChangeProposal, *, caller: Caller = LOCAL, typed: str = "", agreed: bool = False
) -> ChangeResult:
    return app.services.changes.carry_out(caller, proposed, days=7, typed=typed, agreed=agreed)


def of(app: App, address: str) -> int:
    """The quota that the host has."""
    box = app.host.sandbox.mailbox(address)
    assert box is not None
    return box.quota


def uses(app: App, address: str, megabytes: float) -> None:
    name, _, domain = address.partition("@")
    boxes = app.host.sandbox.account.domains[domain]
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


def test_several_get_a_quota_by_a_run_and_those_that_have_it_cost_no_write(app: App) -> None:
    proposed = plan(app, quota("× 2"), *BOTH, "free@a.nl")
    assert proposed.text(0.0) == (
        "Change the quota of 3 mailboxes: × 2? 1 is unlimited and stays so. In all 2.0 GB now, 4.0 GB then. "
        "About 1 minute at MXroute's limit of 20 a minute. You may close this tab."
    )
    writes = app.host.writes()
    done = do(app, proposed)
    assert done.run is not None
    told = app.ended(done.run)
    assert (told["counts"]["updated"], told["counts"]["unchanged"]) == (2, 1)
    assert [of(app, address) for address in (*BOTH, "free@a.nl")] == [2048, 2048, 0]
    assert app.host.writes() == writes + 2


def test_one_is_changed_at_once_without_a_run(app: App) -> None:
    proposed = plan(app, quota("+ 1024"), "kim@a.nl")
    assert proposed.text(0.0) == "Change the quota of kim@a.nl: + 1,024 MB? It is 1.0 GB now."
    done = do(app, proposed)
    assert done.run is None
    assert done.kept is not None
    assert done.kept.box.quota == of(app, "kim@a.nl") == 2048
    assert app.services.runs.all(LOCAL) == ()


def test_a_quota_below_use_is_set_only_when_that_was_agreed_to(app: App) -> None:
    uses(app, "kim@a.nl", 900.0)
    proposed = plan(app, quota("512"))
    with pytest.raises(
        InvalidField, match=r"1 mailbox would be over quota and get no more mail: kim@a.nl 900 of 512 MB\."
    ):
        do(app, proposed)
    assert of(app, "nina@a.nl") == 1024
    done = do(app, proposed, agreed=True)
    assert done.run is not None
    app.ended(done.run)
    assert of(app, "kim@a.nl") == 512


def test_a_quota_beyond_reason_is_refused(app: App) -> None:
    with pytest.raises(InvalidField, match="Write a smaller quota"):
        plan(app, quota("999999999 TB"))


def test_a_new_password_of_one_is_told_once_and_works(app: App) -> None:
    done = do(app, plan(app, NewPassword(), "kim@a.nl"))
    assert app.host.sandbox.password_is("kim@a.nl", done.password)
    assert done.password not in repr(done)


def test_new_passwords_of_several_are_in_the_results_of_the_run(app: App) -> None:
    proposed = plan(app, NewPassword())
    assert "The old ones stop working at once" in proposed.text(0.0)
    done = do(app, proposed)
    assert done.run is not None
    app.ended(done.run)
    rows = app.ask("GET", f"/imports/{done.run}/results").json()["data"]["rows"]
    assert {row["username"] for row in rows} == {"kim", "nina"}
    assert all(app.host.sandbox.password_is(f"{row['username']}@a.nl", row["password"]) for row in rows)


def test_unlimited_mailboxes_that_get_a_quota_are_counted(app: App) -> None:
    asked = app.services.changes.plan(LOCAL, [*BOTH, "free@a.nl"], quota("512")).text(0.0)
    assert "In all 2.0 GB and 1 unlimited now, 1.5 GB then." in asked


def test_what_passes_is_to_be_tried_again_and_what_does_not_is_not() -> None:
    for passing in (Unreachable("MXroute does not answer."), ListUnavailable("MXroute does not answer.")):
        assert not_done(passing) == "MXroute does not answer. What you typed stays here: try again in a minute."
    for outdated in (NotFound("There is no mailbox x@a.nl."), AlreadyExists("x@a.nl already exists.")):
        assert not_done(outdated) == f"{outdated} Press Refresh to see what is there now."
    full = PlanLimitReached("BUSINESS_ERROR", "limit of accounts reached", status=422)
    assert not_done(full).startswith("MXroute: 'limit of accounts reached'. Raise the plan or free some of it")
    for says_when in (RateLimitWait(5.0), RateLimited(), start_waits("a.nl", ""), _empty_list()):
        assert not_done(says_when) == str(says_when)
    assert not_done(Unreachable("The name again.example cannot be found.")).endswith("try again in a minute.")
    refused = Unauthorized("UNAUTHORIZED", "no", status=401)
    assert "again" not in not_done(refused)


def _empty_list() -> ListUnavailable:
    """The list of a domain is empty where it was not, and so is read again."""
    empty = EmptyLists(SystemClock())
    with pytest.raises(UnexpectedData) as problem:
        empty.check("a.nl", is_empty=True, was_empty=False)
    return ListUnavailable(Failure(problem.value))


def test_recovery_emails_of_several_are_set_and_cleared_without_a_request(app: App) -> None:
    writes = app.host.writes()
    done = do(app, plan(app, NewStored({"kim@a.nl": "Kim@Home.nl", "nina@a.nl": "nina@home.nl"})))
    assert done.run is not None
    app.ended(done.run)
    frame = app.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
    assert frame.loc[["kim", "nina"], "recovery_email"].tolist() == ["kim@home.nl", "nina@home.nl"]
    done = do(app, plan(app, NewStored({"kim@a.nl": "", "nina@a.nl": "nina@home.nl"})))
    assert done.run is not None
    assert app.ended(done.run)["counts"]["unchanged"] == 1
    frame = app.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
    assert frame.loc[["kim", "nina"], "recovery_email"].tolist() == ["", "nina@home.nl"]
    assert app.host.writes() == writes


@pytest.mark.parametrize(("email", "told"), [("nonsense", "is no address"), ("kim@a.nl", "use another")])
def test_a_recovery_email_that_can_be_none_stops_all_of_them(app: App, email: str, told: str) -> None:
    with pytest.raises(InvalidField, match=told):
        plan(app, NewStored({"nina@a.nl": "n@home.nl", "kim@a.nl": email}))


def test_a_deletion_says_how_much_mail_goes_and_wants_its_number_typed(app: App) -> None:
    uses(app, "kim@a.nl", 3000.0)
    uses(app, "nina@a.nl", 481.6)
    proposed = plan(app, Deletion())
    assert proposed.text(0.0).startswith(
        "Delete 2 mailboxes with 3.4 GB of mail? This cannot be undone. Type 2. About 1 minute"
    )
    for typed in ("", "1", "yes"):
        with pytest.raises(InvalidField, match=r"Type 2 to confirm\."):
            do(app, proposed, typed=typed)
    assert app.host.has("kim@a.nl")
    done = do(app, proposed, typed=" 2 ")
    assert done.run is not None
    assert app.ended(done.run)["counts"]["deleted"] == 2
    view = app.services.runs.get(LOCAL, done.run)
    assert view is not None
    assert view.kind is RunKind.DELETE
    assert not app.host.has("kim@a.nl")


def test_one_is_deleted_at_once_and_wants_a_1_typed(app: App) -> None:
    proposed = plan(app, Deletion(), "kim@a.nl")
    with pytest.raises(InvalidField):
        do(app, proposed)
    do(app, proposed, typed="1")
    assert not app.host.has("kim@a.nl")
    assert ("mailbox.delete", "kim@a.nl", LOCAL.name) in trail(app)


def test_what_is_there_no_more_is_left_out_and_said(app: App) -> None:
    app.services.lists.mailboxes(LOCAL, "a.nl")
    proposed = plan(app, quota("2048"), "kim@a.nl", "KIM@a.nl", "lost@a.nl")
    assert proposed.gone == ("lost@a.nl",)
    assert [row.address for row in proposed.plan.rows] == ["kim@a.nl"]


def test_mailboxes_of_two_domains_are_one_run(app: App) -> None:
    done = do(app, plan(app, quota("2048"), "kim@a.nl", "far@b.nl"))
    assert done.run is not None
    assert app.ended(done.run)["counts"]["updated"] == 2


def test_import_does_not_allow_a_deletion_nor_delete_a_change(app: App) -> None:
    changer, deleter = (
        allowed(Permission.VIEW, Permission.IMPORT),
        allowed(Permission.VIEW, Permission.DELETE),
    )
    with pytest.raises(Forbidden, match=r"delete from a\.nl"):
        plan(app, Deletion(), caller=changer)
    with pytest.raises(Forbidden, match=r"import into a\.nl"):
        plan(app, NewPassword(), caller=deleter)
    with pytest.raises(Forbidden, match=r"import into b\.nl"):
        plan(app, NewPassword(), "kim@a.nl", "far@b.nl", caller=changer)


def test_the_permission_is_asked_for_again_when_it_is_carried_out(app: App) -> None:
    deletion, change = plan(app, Deletion()), plan(app, quota("2048"))
    with pytest.raises(Forbidden):
        do(app, deletion, caller=allowed(Permission.VIEW, Permission.IMPORT), typed="2")
    with pytest.raises(Forbidden):
        do(app, change, caller=allowed(Permission.VIEW, Permission.DELETE))
    assert app.services.runs.all(LOCAL) == ()


def test_whoever_may_not_delete_sees_and_steers_no_deletion_of_others(app: App) -> None:
    done = do(app, plan(app, Deletion()), typed="2")
    assert done.run is not None
    app.ended(done.run)
    runs = app.services.runs
    assert runs.get(allowed(Permission.VIEW, Permission.IMPORT), done.run) is None
    assert runs.get(allowed(Permission.VIEW, Permission.DELETE), done.run) is not None


def test_while_the_host_is_down_nothing_is_planned_on_an_old_list(app: App) -> None:
    app.services.lists.mailboxes(LOCAL, "b.nl")
    app.host.down = True
    with pytest.raises(ListUnavailable, match="could not be read"):
        plan(app, Deletion())


def test_a_busy_host_leaves_the_proposal_as_it_was_to_be_sent_again(app: App) -> None:
    proposed = plan(app, NewPassword(), "kim@a.nl")
    app.host.busy = 50.0
    with pytest.raises(RateLimitWait):
        do(app, proposed)
    app.host.busy = 0.0
    assert app.host.sandbox.password_is("kim@a.nl", do(app, proposed).password)


def test_nothing_to_change_says_why(app: App) -> None:
    assert plan(app, quota("1024")).text(0.0) == "Nothing to change: that is the quota already."
    unlimited = "Nothing to change: unlimited stays unlimited. Write a value to limit it."
    assert plan(app, quota("× 2"), "free@a.nl").text(0.0) == unlimited


def test_a_second_click_starts_no_second_run_even_when_the_first_has_ended(app: App) -> None:
    proposed = plan(app, NewPassword())
    first = do(app, proposed)
    assert first.run is not None
    app.ended(first.run)
    assert do(app, proposed) == first


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


def test_a_selection_is_taken_away_by_its_own_caller_alone(app: App) -> None:
    exports = app.services.exports
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
    assert [what for what, *_ in trail(app)].count("export") == 4


def test_a_selection_asks_for_the_permission_when_it_is_taken(app: App) -> None:
    viewer = allowed(Permission.VIEW)
    number = app.services.exports.keep_selection(viewer, ["kim@a.nl"])
    with pytest.raises(Forbidden):
        app.services.exports.selection_file(viewer, number, "csv")


def test_selections_do_not_pile_up(app: App) -> None:
    exports = app.services.exports
    first = exports.keep_selection(LOCAL, ["kim@a.nl"])
    for count in range(MAX_SELECTIONS):
        exports.keep_selection(LOCAL, [f"{count}@a.nl"])
    with pytest.raises(NotFound):
        exports.selection_file(LOCAL, first, "csv")


# A mailbox that is being typed.


def test_what_is_wrong_is_told_field_by_field_without_asking_the_host(app: App) -> None:
    sent = len(app.host.sent)
    cells = {"username": "jan jansen", "password": "short", "quota": "much", "recovery_email": "none"}
    judged = app.services.mailboxes.look("a.nl", cells)
    assert judged.faults == {
        "username": "'jan jansen' has a space; try jan.jansen.",
        "password": "The password needs 8 characters, a capital and a digit.",
        "quota": "Quota 'much': write 1024 or 1 GB.",
        "recovery_email": "Recovery email 'none' is no address; write it like name@example.com.",
    }
    assert next(iter(judged.faults)) == "username"
    assert app.services.mailboxes.look("a.nl", {"username": "jan", "password": GOOD, "quota": "5"}).warnings == (
        "5 MB: did you mean 5 GB?",
    )
    assert len(app.host.sent) == sent
    assert "short" not in repr(judged)


def test_the_text_for_the_owner_holds_everything_but_the_password() -> None:
    text = client_setup.text("kim@a.nl", "eagle.mxlogin.com")
    for told in ("kim@a.nl", "eagle.mxlogin.com", "IMAP", "993", "SMTP", "465", "POP3", "995", "SSL/TLS"):
        assert told in text
