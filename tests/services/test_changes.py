"""Changes of selected mailboxes: question, permission, one mailbox at once and several as a run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.clock import SystemClock
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
from mxlib.services.exports import NotFound
from mxlib.services.failures import Failure, ListUnavailable, start_waits
from mxlib.services.mailboxes import AlreadyExists, InvalidField
from mxlib.store.selections import MAX_SELECTIONS
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


def test_a_run_sets_several_quotas_and_writes_only_what_differs(app: App) -> None:
    proposed = plan(app, quota("× 2"), *BOTH, "free@a.nl")
    assert proposed.text(0.0) == (
        "Change the quota of 3 mailboxes: × 2? 1 is unlimited and stays so. In all 2.0 GB now, 4.0 GB then. "
        "About 1 minute at MXroute's limit of 20 a minute. You can close this tab."
    )
    writes = app.host.writes()
    done = do(app, proposed)
    assert done.run is not None
    ended_run = app.ended(done.run)
    assert (ended_run["counts"]["updated"], ended_run["counts"]["unchanged"]) == (2, 1)
    assert [of(app, address) for address in (*BOTH, "free@a.nl")] == [2048, 2048, 0]
    assert app.host.writes() == writes + 2


def test_one_mailbox_is_changed_at_once_without_a_run(app: App) -> None:
    proposed = plan(app, quota("+ 1024"), "kim@a.nl")
    assert proposed.text(0.0) == "Raise the quota from 1 GB to 2 GB? kim@a.nl uses 0 MB."
    done = do(app, proposed)
    assert done.run is None
    assert done.kept is not None
    assert done.kept.box.quota == of(app, "kim@a.nl") == 2048
    assert app.services.runs.all(LOCAL) == ()


def test_a_quota_below_usage_is_set_only_when_agreed_to(app: App) -> None:
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


def test_an_excessive_quota_is_refused(app: App) -> None:
    with pytest.raises(InvalidField, match="Write a smaller quota"):
        plan(app, quota("999999999 TB"))


def test_a_new_password_of_one_mailbox_is_shown_once_and_works(app: App) -> None:
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


def test_only_temporary_errors_suggest_a_retry() -> None:
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


def test_recovery_emails_of_several_mailboxes_are_set_and_cleared_without_a_request(app: App) -> None:
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


@pytest.mark.parametrize(("email", "message"), [("nonsense", "is no address"), ("kim@a.nl", "use another")])
def test_one_invalid_recovery_email_stops_the_whole_change(app: App, email: str, message: str) -> None:
    with pytest.raises(InvalidField, match=message):
        plan(app, NewStored({"nina@a.nl": "n@home.nl", "kim@a.nl": email}))


def test_a_deletion_shows_how_much_mail_is_lost_and_needs_its_number(app: App) -> None:
    uses(app, "kim@a.nl", 3000.0)
    uses(app, "nina@a.nl", 481.6)
    proposed = plan(app, Deletion())
    assert proposed.text(0.0).startswith(
        "Delete 2 mailboxes with 3.4 GB of mail? This can't be undone. Type 2. About 1 minute"
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


def test_one_mailbox_is_deleted_at_once_and_needs_a_typed_1(app: App) -> None:
    proposed = plan(app, Deletion(), "kim@a.nl")
    with pytest.raises(InvalidField):
        do(app, proposed)
    do(app, proposed, typed="1")
    assert not app.host.has("kim@a.nl")
    assert ("mailbox.delete", "kim@a.nl", LOCAL.name) in trail(app)


def test_missing_mailboxes_are_left_out_and_reported(app: App) -> None:
    app.services.lists.mailboxes(LOCAL, "a.nl")
    proposed = plan(app, quota("2048"), "kim@a.nl", "KIM@a.nl", "lost@a.nl")
    assert proposed.gone == ("lost@a.nl",)
    assert [row.address for row in proposed.plan.rows] == ["kim@a.nl"]


def test_mailboxes_of_two_domains_are_one_run(app: App) -> None:
    done = do(app, plan(app, quota("2048"), "kim@a.nl", "far@b.nl"))
    assert done.run is not None
    assert app.ended(done.run)["counts"]["updated"] == 2


def test_import_allows_no_deletion_and_delete_no_change(app: App) -> None:
    changer, deleter = (
        allowed(Permission.VIEW, Permission.IMPORT),
        allowed(Permission.VIEW, Permission.DELETE),
    )
    with pytest.raises(Forbidden, match=r"delete from a\.nl"):
        plan(app, Deletion(), caller=changer)
    with pytest.raises(Forbidden, match=r"support mailboxes of a\.nl"):
        plan(app, NewPassword(), caller=deleter)
    with pytest.raises(Forbidden, match=r"support mailboxes of b\.nl"):
        plan(app, NewPassword(), "kim@a.nl", "far@b.nl", caller=changer)


def test_the_permission_is_checked_again_at_the_change(app: App) -> None:
    deletion, change = plan(app, Deletion()), plan(app, quota("2048"))
    with pytest.raises(Forbidden):
        do(app, deletion, caller=allowed(Permission.VIEW, Permission.IMPORT), typed="2")
    with pytest.raises(Forbidden):
        do(app, change, caller=allowed(Permission.VIEW, Permission.DELETE))
    assert app.services.runs.all(LOCAL) == ()


def test_without_delete_the_deletions_of_others_are_hidden(app: App) -> None:
    done = do(app, plan(app, Deletion()), typed="2")
    assert done.run is not None
    app.ended(done.run)
    runs = app.services.runs
    assert runs.get(allowed(Permission.VIEW, Permission.IMPORT), done.run) is None
    assert runs.get(allowed(Permission.VIEW, Permission.DELETE), done.run) is not None


def test_nothing_is_planned_by_an_old_list_while_the_host_is_down(app: App) -> None:
    app.services.lists.mailboxes(LOCAL, "b.nl")
    app.host.down = True
    with pytest.raises(ListUnavailable, match="could not be read"):
        plan(app, Deletion())


def test_a_proposal_stays_valid_when_the_host_is_busy(app: App) -> None:
    proposed = plan(app, NewPassword(), "kim@a.nl")
    app.host.busy = 50.0
    with pytest.raises(RateLimitWait):
        do(app, proposed)
    app.host.busy = 0.0
    assert app.host.sandbox.password_is("kim@a.nl", do(app, proposed).password)


def test_a_change_without_effect_says_why(app: App) -> None:
    assert plan(app, quota("1024")).text(0.0) == "Nothing to change: that is the quota already."
    unlimited = "This mailbox is unlimited. Enter a size to limit it."
    assert plan(app, quota("× 2"), "free@a.nl").text(0.0) == unlimited


def test_a_second_click_starts_no_second_run_even_after_the_first_ended(app: App) -> None:
    proposed = plan(app, NewPassword())
    first = do(app, proposed)
    assert first.run is not None
    app.ended(first.run)
    assert do(app, proposed) == first


# Selections and their export.


def test_a_selection_is_exported_by_its_own_caller_only(app: App) -> None:
    exports = app.services.exports
    other = Caller("another", admin=True)
    number = exports.keep_selection(LOCAL, ["kim@a.nl", "far@b.nl", "lost@a.nl"])
    assert number == exports.keep_selection(LOCAL, ["kim@a.nl", "far@b.nl", "lost@a.nl"])
    file = exports.selection_file(LOCAL, number, "csv")
    assert file.name.startswith("mailboxes-all-selection-")
    assert [line.split(b",")[0] for line in file.content.splitlines()[1:]] == [b"kim", b"far"]
    assert exports.selection_file(LOCAL, number, "xlsx").content.startswith(b"PK")
    for caller, asked in ((other, number), (LOCAL, "0" * 32), (LOCAL, "")):
        with pytest.raises(NotFound, match="Select the mailboxes again"):
            exports.selection_file(caller, asked, "csv")
    assert [what for what, *_ in trail(app)].count("export") == 4


def test_exporting_a_selection_checks_the_permission_again(app: App) -> None:
    viewer = allowed(Permission.VIEW)
    number = app.services.exports.keep_selection(viewer, ["kim@a.nl"])
    with pytest.raises(Forbidden):
        app.services.exports.selection_file(viewer, number, "csv")


def test_old_selections_are_dropped(app: App) -> None:
    exports = app.services.exports
    first = exports.keep_selection(LOCAL, ["kim@a.nl"])
    for count in range(MAX_SELECTIONS):
        exports.keep_selection(LOCAL, [f"{count}@a.nl"])
    with pytest.raises(NotFound):
        exports.selection_file(LOCAL, first, "csv")


# A mailbox that is being typed.


def test_errors_are_reported_by_field_without_a_request_to_the_host(app: App) -> None:
    sent = len(app.host.sent)
    cells = {"username": "jan jansen", "password": "short", "quota": "much", "recovery_email": "none"}
    validated = app.services.mailboxes.look(LOCAL, "a.nl", cells)
    assert validated.faults == {
        "username": "'jan jansen' has a space; try jan.jansen.",
        "password": "The password needs 8 characters, a capital and a digit.",
        "quota": "Quota 'much': write 1024 or 1 GB.",
        "recovery_email": "Recovery email 'none' is no address; write it like name@example.com.",
    }
    assert next(iter(validated.faults)) == "username"
    assert app.services.mailboxes.look(LOCAL, "a.nl", {"username": "jan", "password": GOOD, "quota": "5"}).warnings == (
        "5 MB: did you mean 5 GB?",
    )
    assert len(app.host.sent) == sent
    assert "short" not in repr(validated)
