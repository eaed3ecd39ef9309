"""Handing over passwords: who has theirs, what is taken away, and what erasing would lose."""

import io
import zipfile

import pypdfium2
import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.core.clients import ClientDetails
from mxlib.core.files import reader
from mxlib.core.handover.texts import Text, TextKind
from mxlib.core.plans.changes import NewPassword
from mxlib.core.text import reasons
from mxlib.core.vocabulary import HandOverWay
from mxlib.runs.manager import InvalidState
from mxlib.services import Services
from mxlib.services.handover import Offer, Shown
from mxlib.services.handover_files import FileOptions
from mxlib.services.handover_texts import ALL_CLIENTS
from mxlib.store import hand_over, known_passwords
from mxlib.store.hand_over import HandOver
from tests.support.audit_entries import audit_entries
from tests.web.test_letter_downloads import STRANGER, services_with_run

THREE = "username,password,name,Room\r\nana,Geheim.2026x,Ana,1\r\nbob,Geheim.2026y,Bob,2\r\ncas,Geheim.2026z,Cas,3\r\n"


def acts(built: Services, run: int) -> list[tuple[str, str, str]]:
    with built.store.read() as tx:
        return [(each["what"], each["on"], each["outcome"]) for each in audit_entries(tx) if each["run"] == run]


def test_people_are_marked_once_with_an_audit_entry_and_unmarked_again() -> None:
    with services_with_run(THREE) as (built, run):
        assert built.handover.mark(LOCAL, run, [0, 2, 99], HandOverWay.LETTER) == 2
        assert built.handover.mark(LOCAL, run, [0], HandOverWay.OTHER) == 0
        progress = built.handover.progress(LOCAL, run)
        assert (progress.done, progress.to_have, progress.waiting, progress.never_taken) == (2, 3, 1, 1)
        assert [each.hand_over.way for each in built.handover.people(LOCAL, run)] == [
            HandOverWay.LETTER,
            None,
            HandOverWay.LETTER,
        ]
        assert built.handover.unmark(LOCAL, run, [0, 1]) == 1
        assert built.handover.progress(LOCAL, run).done == 1
        marks = [outcome for what, _, outcome in acts(built, run) if what == "run.hand_over_mark"]
        assert marks == ["2 passwords, Letter: ana@clienta.nl and cas@clienta.nl"]
        unmarks = [outcome for what, _, outcome in acts(built, run) if what == "run.hand_over_unmark"]
        assert unmarks == ["1 password: ana@clienta.nl"]
        with pytest.raises(Forbidden):
            built.handover.mark(STRANGER, run, [0], HandOverWay.LETTER)
        with pytest.raises(Forbidden):
            built.handover.message(STRANGER, run, 0)
        for act in (built.handover.version, built.handover.progress, built.handover.people):
            with pytest.raises(Forbidden):
                act(STRANGER, run)
        for way in (HandOverWay.LETTER, None):
            with pytest.raises(Forbidden):
                built.handover.mark_addresses(STRANGER, run, ["nobody@clienta.nl"], way)
        with pytest.raises(Forbidden):
            built.handover.unmark(STRANGER, run, [0])


def test_taking_letters_offers_to_mark_and_marks_nothing() -> None:
    with services_with_run(THREE) as (built, run):
        assert built.handover.progress(LOCAL, run).offer is None
        before = built.handover.version(LOCAL, run)
        built.exports.run_file(LOCAL, run, "letters.pdf")
        progress = built.handover.progress(LOCAL, run)
        assert built.handover.version(LOCAL, run) != before
        assert progress.done == 0
        assert progress.offer is not None
        assert (progress.offer.positions, progress.offer.way) == ((0, 1, 2), HandOverWay.LETTER)
        built.handover.message(LOCAL, run, 1)
        offer = built.handover.progress(LOCAL, run).offer
        assert offer is not None
        assert offer.positions == (0, 2), "A message offers itself to mark its person."
        built.handover.mark(LOCAL, run, progress.offer.positions, progress.offer.way)
        assert built.handover.progress(LOCAL, run).offer is None


def test_an_offer_is_of_what_was_taken_last_and_taking_more_keeps_marks() -> None:
    with services_with_run(THREE) as (built, run):
        with built.store.write() as tx:
            hand_over.take(tx, run, [0], HandOverWay.LETTER, 1.0)
            hand_over.take(tx, run, [1, 2], HandOverWay.FILE, 2.0)
        assert built.handover.progress(LOCAL, run).offer == Offer((1, 2), HandOverWay.FILE)
        built.handover.mark(LOCAL, run, [1], HandOverWay.FILE)
        marked = built.handover.version(LOCAL, run)
        with built.store.write() as tx:
            hand_over.take(tx, run, [1], HandOverWay.LETTER, 2.0)
        assert built.handover.people(LOCAL, run)[1].is_done
        built.handover.unmark(LOCAL, run, [1])
        assert built.handover.version(LOCAL, run) != marked
        assert built.handover.people(LOCAL, run)[1].hand_over == HandOver(2.0, HandOverWay.LETTER)


def test_the_password_of_a_row_that_failed_is_handed_over_to_nobody() -> None:
    with services_with_run(THREE) as (built, run):
        with built.store.write() as tx:
            tx.exec_driver_sql("UPDATE run_row SET outcome = 'failed' WHERE position = 1")
            assert hand_over.has_unused(tx, run)
        assert [each.owner.position for each in built.handover.people(LOCAL, run)] == [0, 2]
        with pytest.raises(InvalidState):
            built.handover.message(LOCAL, run, 1)


def test_a_message_has_the_password_and_is_in_the_audit_log() -> None:
    with services_with_run(THREE) as (built, run):
        assert "Geheim.2026y" in built.handover.message(LOCAL, run, 1)
        assert ("run.message", "bob@clienta.nl", "") in acts(built, run)
        view = built.runs.get(LOCAL, run)
        assert view is not None
        assert view.downloaded_at is not None
        assert built.handover.progress(LOCAL, run).never_taken == 2
        with pytest.raises(InvalidState):
            built.handover.message(LOCAL, run, 99)


def test_passwords_that_nobody_took_are_erased_only_when_agreed() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.message(LOCAL, run, 0)
        with pytest.raises(InvalidState, match="2 passwords were never taken"):
            built.handover.erase(LOCAL, run, agreed=1)
        built.handover.erase(LOCAL, run, agreed=2)
        view = built.runs.get(LOCAL, run)
        assert view is not None
        assert not view.has_passwords


def test_who_has_a_password_stays_known_after_the_copy_is_erased() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.mark(LOCAL, run, [0], HandOverWay.LETTER)
        before = built.handover.people(LOCAL, run)
        built.handover.erase(LOCAL, run, agreed=2)
        assert built.handover.people(LOCAL, run) == before
        assert built.handover.mark(LOCAL, run, [2], HandOverWay.OTHER) == 1, "Letters may still be on their way."
        progress = built.handover.progress(LOCAL, run)
        assert (progress.people, progress.done, progress.waiting) == (3, 2, 1)
        assert [each.owner.position for each in built.handover.people(LOCAL, run, Shown.WAITING)] == [1]
        with pytest.raises(InvalidState):
            built.handover.message(LOCAL, run, 0)


def test_people_are_shown_by_their_state_and_by_the_page() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.mark(LOCAL, run, [1], HandOverWay.LETTER)
        shown = {each: [person.owner.position for person in built.handover.people(LOCAL, run, each)] for each in Shown}
        assert shown == {Shown.EVERYONE: [0, 1, 2], Shown.WAITING: [0, 2], Shown.DONE: [1]}
        page = built.handover.people(LOCAL, run, Shown.WAITING, start=1, most=1)
        assert [person.owner.address for person in page] == ["cas@clienta.nl"]


def test_whose_password_was_changed_since_neither_waits_nor_is_done() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.mark(LOCAL, run, [0, 1], HandOverWay.LETTER)
        built.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
        change = built.changes.plan(LOCAL, ["bob@clienta.nl"], NewPassword())
        built.changes.carry_out(LOCAL, change, days=7)
        shown = {each: [person.owner.position for person in built.handover.people(LOCAL, run, each)] for each in Shown}
        assert shown == {Shown.EVERYONE: [0, 1, 2], Shown.WAITING: [2], Shown.DONE: [0]}


def test_files_for_those_without_a_mark_leave_out_the_others_and_are_refused_when_nobody_is_left() -> None:
    waiting = FileOptions(only_unmarked=True)
    with services_with_run(THREE) as (built, run):
        built.handover.mark(LOCAL, run, [0, 2], HandOverWay.LETTER)
        printed = pypdfium2.PdfDocument(built.exports.run_file(LOCAL, run, "letters.pdf", waiting).content)
        assert ["bob@clienta.nl" in page.get_textpage().get_text_range() for page in printed] == [True]
        sheet = reader.read(built.exports.run_file(LOCAL, run, "mail-merge.xlsx", waiting).content, "mail-merge.xlsx")
        assert sheet.table.column(0).to_pylist() == ["Bob"]
        one = built.exports.run_file(LOCAL, run, "letters.pdf", FileOptions(position=2))
        assert len(pypdfium2.PdfDocument(one.content)) == 1
        built.handover.mark(LOCAL, run, [1], HandOverWay.LETTER)
        with pytest.raises(InvalidState, match="marked as having their password"):
            built.exports.run_file(LOCAL, run, "letters.pdf", waiting)
        assert len(pypdfium2.PdfDocument(built.exports.run_file(LOCAL, run, "letters.pdf").content)) == 3


def test_letters_are_in_the_language_that_was_chosen() -> None:
    with services_with_run(THREE) as (built, run):
        content = built.exports.run_file(LOCAL, run, "letters.pdf", FileOptions(language="nl")).content
        assert "Wachtwoord" in pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()


def renewed(built: Services, run: int) -> str:
    """Set a new password of bob, and put it among those of the run; return it."""
    built.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
    change = built.changes.plan(LOCAL, ["bob@clienta.nl"], NewPassword())
    password = built.changes.carry_out(LOCAL, change, days=7).password
    assert built.handover.renew(LOCAL, run, 1, password)
    return password


def test_a_new_password_is_handed_over_like_that_of_the_run() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.mark(LOCAL, run, [0, 1, 2], HandOverWay.LETTER)
        password = renewed(built, run)
        assert ("run.hand_over_renew", "bob@clienta.nl", "") in acts(built, run)
        progress = built.handover.progress(LOCAL, run)
        assert (progress.done, progress.waiting, progress.changed, progress.never_taken) == (2, 1, 0, 1)
        assert password in built.handover.message(LOCAL, run, 1)
        letter = built.exports.run_file(LOCAL, run, "letters.pdf", FileOptions(only_unmarked=True)).content
        (page,) = pypdfium2.PdfDocument(letter)
        assert password in page.get_textpage().get_text_range()
        assert built.handover.mark(LOCAL, run, [1], HandOverWay.LETTER) == 1
        with built.store.read() as tx:
            known = known_passwords.find(tx, {LOCAL.name})
        assert "bob@clienta.nl" in {each.address for each in known.unchanged}
        change = built.changes.plan(LOCAL, ["bob@clienta.nl"], NewPassword())
        built.changes.carry_out(LOCAL, change, days=7)
        assert built.handover.people(LOCAL, run)[1].changed, "A later password is not that of the run."


def test_a_password_that_another_person_set_is_not_taken_for_that_of_the_run() -> None:
    with services_with_run(THREE) as (built, run):
        with pytest.raises(InvalidState):
            built.handover.renew(LOCAL, run, 1, "Geheim.2026q")
        renewed(built, run)
        with pytest.raises(InvalidState):
            built.handover.renew(Caller("lee", admin=True), run, 1, "Geheim.2026q")
        with pytest.raises(Forbidden):
            built.handover.renew(STRANGER, run, 1, "Geheim.2026q")


def test_a_new_password_is_not_kept_once_those_of_the_run_are_erased_and_can_be_marked() -> None:
    with services_with_run(THREE) as (built, run):
        built.handover.erase(LOCAL, run, agreed=3)
        built.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
        change = built.changes.plan(LOCAL, ["bob@clienta.nl"], NewPassword())
        assert not built.handover.renew(LOCAL, run, 1, built.changes.carry_out(LOCAL, change, days=7).password)
        with pytest.raises(InvalidState):
            built.handover.message(LOCAL, run, 1)
        assert built.handover.mark(LOCAL, run, [1], HandOverWay.OTHER) == 1


def test_files_say_truly_whether_passwords_were_taken() -> None:
    with services_with_run(THREE) as (built, run):
        built.exports.run_file(LOCAL, run, "failed.xlsx")
        built.exports.run_file(LOCAL, run, "results.xlsx")
        built.handover.erase(LOCAL, run, agreed=0)
        built.exports.run_file(LOCAL, run, "results.csv")
        taken = [(what, outcome) for what, _, outcome in acts(built, run) if what.startswith("results.")]
        assert sorted(taken) == [
            ("results.download", "results.xlsx"),
            ("results.download_bare", "failed.xlsx"),
            ("results.download_bare", "results.csv"),
        ]


def test_results_leave_out_a_password_that_was_changed_since() -> None:
    with services_with_run(THREE) as (built, run):
        built.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
        change = built.changes.plan(LOCAL, ["bob@clienta.nl"], NewPassword())
        built.changes.carry_out(LOCAL, change, days=7)
        content = built.exports.run_file(LOCAL, run, "results.csv").content.decode()
        assert "Geheim.2026x" in content
        assert "Geheim.2026y" not in content
        bob = next(line for line in content.splitlines() if "bob@clienta.nl" in line)
        assert reasons.OTHER_PASSWORD in bob
        progress = built.handover.progress(LOCAL, run)
        assert [each.changed for each in built.handover.people(LOCAL, run)] == [False, True, False]
        assert built.handover.mark(LOCAL, run, [1], HandOverWay.OTHER) == 0
        # The file of results took the others, and nobody loses what was changed.
        assert progress.never_taken == 0
        with pytest.raises(InvalidState):
            built.handover.message(LOCAL, run, 1)


def test_mail_merge_has_one_header_and_only_people_with_a_password() -> None:
    with services_with_run(THREE + "ana,Geheim.2026x,Twice,4\r\n") as (built, run):
        sheet = reader.read(built.exports.run_file(LOCAL, run, "mail-merge.xlsx").content, "mail-merge.xlsx")
        assert list(sheet.header) == [
            "name", "address", "password", "recovery_email", "server", "imap_port", "smtp_port", "Room",
        ]  # fmt: skip
        assert sheet.table.column(0).to_pylist() == ["Ana", "Bob", "Cas"]


def test_each_client_has_its_own_workbook_and_letters() -> None:
    rows = "domain,username,password\r\nclienta.nl,ana,Geheim.2026x\r\nclientb.nl,bob,Geheim.2026y\r\n"
    with services_with_run(rows) as (built, run):
        built.clients.add(LOCAL, ClientDetails("Bakker & Co", ("clientb.nl",)))
        packed = zipfile.ZipFile(io.BytesIO(built.exports.run_file(LOCAL, run, "clients.zip").content))
        assert sorted(packed.namelist()) == [
            "bakker-co-letters.pdf", "bakker-co.xlsx", "clienta.nl-letters.pdf", "clienta.nl.xlsx",
        ]  # fmt: skip
        printed = pypdfium2.PdfDocument(packed.read("bakker-co-letters.pdf"))
        assert ["bob@clientb.nl" in page.get_textpage().get_text_range() for page in printed] == [True]
        assert b"ana" not in packed.read("bakker-co-letters.pdf")


def test_letters_and_messages_have_the_own_cells_of_the_row_and_say_what_they_leave_out() -> None:
    rows = "username,password,name,Anrede,Room\r\nana,Geheim.2026x,Ana,Frau,12\r\nbob,Geheim.2026y,Bob,Herr,7\r\n"
    body = "{salutation} {name}, room {own:room}: {address}\n\nFloor {own:Floor}\n\n{help}"
    with services_with_run(rows) as (built, run):
        assert built.runs.left_out_of_letters(LOCAL, run) == (
            "Letters for clienta.nl leave out the line with {agency}: the letterhead or the imported file has nothing "
            "for it.",
        )
        for kind in (TextKind.LETTER, TextKind.MESSAGE):
            before = built.handover_texts.get(LOCAL, ALL_CLIENTS, kind, "en")
            built.handover_texts.save(LOCAL, ALL_CLIENTS, kind, "en", Text(body), before=before)
        [sentence] = built.runs.left_out_of_letters(LOCAL, run)
        assert "the lines with {own:Floor} and {help}" in sentence
        assert built.runs.left_out_of_letters(LOCAL, run, language="de") != (sentence,)
        pdf = pypdfium2.PdfDocument(built.exports.run_file(LOCAL, run, "letters.pdf").content)
        printed = [page.get_textpage().get_text_range() for page in pdf]
        assert ["Frau Ana, room 12" in printed[0], "Herr Bob, room 7" in printed[1]] == [True, True]
        assert "Floor" not in "".join(printed)
        assert built.handover.message(LOCAL, run, 1) == "Herr Bob, room 7: bob@clienta.nl"
        with pytest.raises(Forbidden):
            built.runs.left_out_of_letters(STRANGER, run)
