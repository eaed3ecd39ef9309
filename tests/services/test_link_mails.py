"""Mails with links before they are sent, boards as files, and what changes on a board."""

import io
import re

import pandas as pd
import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.handover.stationery import Letterhead
from mxlib.core.links import LinkOptions, LinkPurpose
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import ALL_CLIENTS
from tests.support.app import App, trail
from tests.support.links import TOKEN, LinkDesk


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def test_the_preview_is_the_mail_that_leaves_but_for_its_link(desk: LinkDesk) -> None:
    plan = desk.services.link_plans.plan(LOCAL, emails=desk.have(anna="boss@out.example", jan="boss@out.example"))
    preview = desk.app.services.link_mails.preview(LOCAL, plan)
    desk.services.link_plans.start(LOCAL, plan)
    desk.send()
    ((to, parts),) = desk.mails()
    assert (preview.to, preview.subject, preview.people) == (to, parts.subject, 2)
    assert TOKEN.sub("", preview.text).split() == [each for each in TOKEN.sub("", parts.text).split() if each != "--"]


def test_the_preview_names_the_lines_that_the_mail_leaves_out(desk: LinkDesk) -> None:
    def left_out(**people: str) -> tuple[str, ...]:
        plan = desk.services.link_plans.plan(LOCAL, emails=desk.have(**people))
        preview = desk.app.services.link_mails.preview(LOCAL, plan)
        assert ("Help:" in preview.text) == ("{help}" not in preview.left_out and len(people) == 1)
        return tuple(preview.left_out)

    assert left_out(anna="anna@out.example") == ("{help}", "{agency}")
    assert left_out(bas="boss@out.example", cas="boss@out.example") == ()
    texts = desk.app.services.handover_texts
    head = Letterhead("Bergmann", "help@agency.example")
    texts.save_letterhead(LOCAL, ALL_CLIENTS, head, before=texts.letterhead(LOCAL, ALL_CLIENTS))
    assert left_out(dirk="dirk@out.example") == ()


def test_a_caller_without_the_permission_previews_and_tests_nothing(desk: LinkDesk) -> None:
    plan = desk.services.link_plans.plan(LOCAL, emails=desk.have(anna="anna@out.example"))
    viewer = Caller("jo", domains={"a.nl": frozenset({Permission.VIEW})})
    for act in (
        lambda: desk.app.services.link_mails.preview(viewer, plan),
        lambda: desk.app.services.link_mails.send_test(viewer, plan, "jo@agency.example"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert not desk.mails()


def test_how_long_mails_take_follows_the_pace_of_an_hour(desk: LinkDesk) -> None:
    sending = desk.app.services.outbox
    assert [sending.seconds_for(mails) for mails in (0, 1, 100, 101, 200, 201)] == [0, 0, 0, 3600, 3600, 7200]
    desk.start(*desk.have(anna="anna@out.example"))
    desk.send()
    assert [sending.seconds_for(mails) for mails in (99, 100)] == [0, 3600]


def test_a_board_leaves_as_a_file_without_a_link_and_is_audited(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna="anna@out.example", jan="jan@out.example"))
    desk.send()
    token = desk.token("anna@out.example")
    assert desk.use(token).done
    files = desk.app.services.link_files
    csv = files.make(LOCAL, run, "csv", delimiter=";")
    assert csv.name == f"links-run-{run}.csv"
    head, anna, jan = csv.content.decode("utf-8-sig").splitlines()
    assert head.startswith("email;name;recovery_email;status;details;sent_at")
    assert anna.startswith("anna@a.nl;;anna@out.example;set;")
    assert jan.startswith("jan@a.nl;;jan@out.example;sent;")
    sheet = pd.read_excel(io.BytesIO(files.make(LOCAL, run, "xlsx").content), engine="calamine")
    assert sheet["status"].tolist() == ["set", "sent"]
    assert token not in csv.content.decode()
    assert [on for what, on, _ in trail(desk.app) if what == "export"] == [f"run {run}"] * 2
    for number, kind in ((run, "pdf"), (run + 1, "csv")):
        with pytest.raises(NotFound):
            files.make(LOCAL, number, kind)


def test_what_happens_to_a_link_changes_the_version_of_its_board(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna="anna@out.example", jan="jan@out.example"))
    seen = [desk.services.sent_links.version(LOCAL, run)]

    def changed() -> bool:
        seen.append(desk.services.sent_links.version(LOCAL, run))
        return seen[-1] not in seen[:-1]

    assert not changed()
    seen.pop()
    desk.services.link_maker.work()
    assert changed()
    desk.app.services.outbox.send_due()
    assert changed()
    token = desk.token("anna@out.example")
    desk.services.password_links.open(token, opened=True)
    assert changed()
    assert desk.use(token).done
    assert changed()
    person = desk.services.sent_links.board(LOCAL, run).people[1]
    desk.services.sent_links.revoke(LOCAL, person.id)
    assert changed()
    desk.services.sent_links.resend(LOCAL, person.id)
    assert changed()


def test_the_view_of_a_run_counts_who_has_set_theirs_in_domains_that_are_seen(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna="anna@out.example", jan="jan@out.example"))
    desk.send()
    assert desk.use(desk.token("anna@out.example")).done
    runs = desk.app.services.runs
    helper = Caller("jo", domains={"a.nl": frozenset({Permission.SUPPORT})})
    for caller in (LOCAL, helper):
        view = runs.get(caller, run)
        assert view is not None
        assert (view.set_theirs, view.total, view.result_text) == (1, 2, "1 set theirs, 1 not yet")


def test_a_link_without_a_mail_can_be_copied_before_the_background_makes_it(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna=""), without_mail=True)
    (anna,) = desk.services.sent_links.board(LOCAL, run).people
    token = desk.services.sent_links.copy_link(LOCAL, anna.id).rpartition("/")[2]
    desk.services.link_maker.work()
    assert desk.services.sent_links.copy_link(LOCAL, anna.id).endswith(token)
    assert desk.use(token).done


def test_links_to_the_people_of_an_import_leave_out_those_who_have_set_theirs(desk: LinkDesk) -> None:
    services = desk.app.services
    services.lists.domains(LOCAL, refresh=True)
    people = "".join(f"{name},Geheim.2026x,{name}@out.example\r\n" for name in ("anna", "jan"))
    rows = f"username,password,recovery_email\r\n{people}".encode()
    batch = services.files.batch_from_file(rows, "staff.csv", "a.nl")
    ready = services.imports.confirm(LOCAL, batch, before=services.imports.validate(LOCAL, batch))
    run = services.runs.start(LOCAL, ready.plan, days=7)
    desk.app.ended(run)
    desk.look()
    desk.services.link_plans.start(LOCAL, desk.services.link_plans.plan(LOCAL, run=run))
    desk.send()
    assert desk.use(desk.token("anna@out.example")).done
    plan = desk.services.link_plans.plan(LOCAL, run=run, options=LinkOptions())
    assert [(each.address, each.replaces) for each in plan.people] == [("jan@a.nl", True)]
    assert len(desk.services.sent_links.board(LOCAL, run).people) == 2


HR = "hr@mail.example"


def test_a_mail_that_waits_leaves_for_those_whose_links_live(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna=HR, jan=HR))
    desk.services.link_maker.work()
    anna, jan = desk.services.sent_links.board(LOCAL, run).people
    desk.services.sent_links.revoke(LOCAL, anna.id)
    desk.app.services.outbox.send_due()
    assert [to for to, _ in desk.mails()] == [HR]
    desk.services.sent_links.revoke(LOCAL, jan.id)
    desk.start("jan@a.nl")
    desk.services.link_maker.work()
    desk.services.sent_links.revoke(LOCAL, desk.services.sent_links.of_mailbox(LOCAL, "a.nl", "jan")[0].id)
    desk.app.services.outbox.send_due()
    assert len(desk.mails()) == 1


def test_only_what_is_due_in_one_language_and_for_one_purpose_shares_a_mail(desk: LinkDesk) -> None:
    desk.have(anna=HR, jan=HR, mia=HR, kim="lea@a.nl", lea="")
    desk.start("anna@a.nl", language="nl")
    desk.start("jan@a.nl", language="de")
    desk.start("mia@a.nl", language="nl", send_at=desk.app.services.clock.now() + 3_600)
    desk.start("kim@a.nl", mail_arrives=True)
    desk.start("lea@a.nl", purpose=LinkPurpose.RECOVERY_EMAIL)
    desk.send()
    assert sorted((to, len(re.findall(r"/(?:password|recovery)/", parts.text))) for to, parts in desk.mails()) == [
        (HR, 1), (HR, 1), ("lea@a.nl", 1), ("lea@a.nl", 1),
    ]  # fmt: skip


def test_a_board_has_the_newest_link_of_each_person(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna=HR))
    desk.send()
    first = desk.services.sent_links.board(LOCAL, run).people[0].id
    desk.services.sent_links.resend(LOCAL, first)
    board = desk.services.sent_links.board(LOCAL, run)
    assert (len(board.people), board.people[0].id > first, board.left) == (1, True, 1)


def test_the_preview_says_from_when_the_links_hold(desk: LinkDesk) -> None:
    later = LinkOptions(valid_from=desk.app.services.clock.now() + 86_400)
    plan = desk.services.link_plans.plan(LOCAL, emails=desk.have(anna=HR), options=later)
    assert "The link works from" in desk.app.services.link_mails.preview(LOCAL, plan).text
