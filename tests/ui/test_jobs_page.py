"""The page of jobs: its groups, a run of its own, the rows, and the filter of earlier runs."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.core.plans.changes import NewPassword
from mxlib.core.vocabulary import HandOverWay
from mxlib.services.drafts import DraftContent
from mxlib.services.handover import Shown
from tests.support.app import App
from tests.support.pages import opened, plain
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import until


def ended(app: App, name: str = "staff.csv", *planned: object) -> int:
    run = app.services.runs.start(LOCAL, plan(*(planned or rows(2)), name=name), days=7)  # type: ignore[arg-type]
    until(lambda: (view := app.services.run_manager.view(run)) is not None and view.status == "finished")
    return run


def said(tab: AppTest) -> str:
    kinds = (tab.title, tab.header, tab.markdown, tab.caption, tab.info, tab.warning, tab.success, tab.button)
    return "\n".join(plain(str(getattr(each, "label", "") or each.value)) for kind in kinds for each in kind)


def test_an_empty_page_says_where_runs_come_from(app: App) -> None:
    tab = opened("jobs")
    assert "No run yet." in said(tab)
    assert not tab.header


def test_passwords_and_drafts_need_the_person_and_a_run_opens_alone(app: App) -> None:
    run = ended(app)
    batch = app.services.files.batch_from_file(b"username\nzoe\n", "zoe.csv", "a.nl")
    app.services.drafts.keep(LOCAL, app.services.drafts.new(), DraftContent(batch, b"username\nzoe\n"))
    tab = opened("jobs")
    assert [each.value for each in tab.header] == ["Needs you", "Earlier"]
    assert "handed over. MXM's copy is kept for 6 more days" in said(tab)
    assert "zoe.csv: 1 row for a.nl" in said(tab)
    assert tab.dataframe[0].value["Result"].tolist() == ["2 mailboxes created."]

    tab.button(key=f"show-run-{run}").click().run()
    assert ", staff.csv" in plain(tab.title[0].value)
    assert [each.value for each in tab.header] == ["Hand over the passwords"]
    tab.button(key="to_jobs").click().run()
    assert tab.title[0].value == "Jobs"
    assert "run" not in tab.query_params


def test_the_overview_counts_the_people_without_their_password(app: App) -> None:
    run = ended(app)
    app.services.handover.mark(LOCAL, run, [0], HandOverWay.LETTER)
    tab = opened("overview")
    assert not tab.exception
    [line] = [plain(each.proto.label) for each in tab.get("page_link") if f"Run {run}" in each.proto.label]
    assert "1 of 2 handed over. 6 days left" in line


def test_continue_opens_the_draft_on_the_import_page(app: App) -> None:
    batch = app.services.files.batch_from_file(b"username\nzoe\n", "zoe.csv", "a.nl")
    number = app.services.drafts.new()
    app.services.drafts.keep(LOCAL, number, DraftContent(batch, b"username\nzoe\n"))
    tab = opened("jobs")
    tab.button(key=f"go-on-{number}").click().run()
    assert not tab.exception
    assert "Import mailboxes" in [each.value for each in tab.title]


def test_earlier_runs_are_searched_and_filtered(app: App) -> None:
    ended(app, "staff.csv")
    ended(app, "zoo.csv", row(7))
    tab = opened("jobs")
    assert len(tab.dataframe[0].value) == 2
    tab.text_input(key="jobs-search").input("ZOO a.nl").run()
    assert tab.dataframe[0].value["Run"].tolist() == [2]
    tab.selectbox(key="jobs-kind").set_value("delete").run()
    assert "No run matches." in said(tab)


def test_earlier_runs_come_a_page_at_a_time(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxlib.ui.runs.earlier.MOST", 2)
    for number in range(3):
        ended(app, f"{number}.csv", row(number))
    tab = opened("jobs")
    assert tab.dataframe[0].value["Run"].tolist() == [3, 2]
    tab.button(key="older").click().run()
    assert tab.dataframe[0].value["Run"].tolist() == [1]
    tab.button(key="newer").click().run()
    assert tab.dataframe[0].value["Run"].tolist() == [3, 2]


def test_the_rows_are_searched_and_filtered_and_0_is_unlimited(app: App) -> None:
    run = ended(app, "a.csv", row(0, quota=0), row(1, quota=2000), row(2, left_out="Not ticked."))
    tab = opened("jobs", run=str(run))
    tab.session_state["rows-open"] = True
    tab.run()
    assert tab.dataframe[-1].value["quota"].tolist()[:2] == ["unlimited", "2,000"]
    assert tab.dataframe[-1].value["outcome"].tolist() == ["Created", "Created", "Skipped"]
    tab.text_input(key="rows-search").input("NOT ticked").run()
    assert tab.dataframe[-1].value["address"].tolist() == ["user2@a.nl"]
    tab.text_input(key="rows-search").input("").run()
    tab.button_group(key="outcomes").set_value(["created"]).run()
    assert tab.dataframe[-1].value["address"].tolist() == ["user0@a.nl", "user1@a.nl"]


def test_a_difference_is_yellow_with_its_sentence(app: App) -> None:
    run = ended(app, "a.csv", row(0, limit=2000))
    tab = opened("jobs", run=str(run))
    assert "1 mailbox created." in plain(tab.warning[0].value)
    assert "1 differs: limit is 9,600 instead of 2,000." in plain(tab.warning[0].value)
    assert not tab.success


def test_the_separator_of_the_csv_is_remembered(app: App) -> None:
    run = ended(app)
    tab = opened("jobs", run=str(run))
    tab.button_group(key="csv-delimiter").set_value("semicolon").run()
    assert not tab.exception
    assert app.services.exports.delimiter(LOCAL) == "semicolon"
    again = opened("jobs", run=str(run))
    assert any("results.csv?delimiter=semicolon" in str(each.proto) for each in again.get("html"))


def test_what_letters_lack_is_looked_up_once_and_again_after_a_new_password(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ended(app)
    asked: list[int] = []
    look_up = app.services.runs.not_handed_over

    def counted(caller: Caller, number: int) -> tuple[str, ...]:
        asked.append(number)
        return look_up(caller, number)

    monkeypatch.setattr(app.services.runs, "not_handed_over", counted)
    tab = opened("jobs", run=str(run))
    tab.run()
    assert asked == [run]
    (first, *_) = app.services.handover.people(LOCAL, run)
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    change = app.services.changes.plan(LOCAL, [first.owner.address], NewPassword())
    app.services.changes.carry_out(LOCAL, change, days=7)
    tab.run()
    assert asked == [run, run]
    assert first.owner.address in said(tab)


def test_a_new_password_is_shown_with_its_letter_and_its_mark(app: App) -> None:
    run = ended(app)
    tab = opened("jobs", run=str(run))
    table = next(each.proto.id.split("-", 2)[2] for each in tab.dataframe if "handover-" in each.proto.id)
    tab.session_state[table] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    tab.run()
    tab.button(key="new_handed_password").click().run()
    tab.button(key="change_go").click().run()
    assert not tab.exception
    assert "MXM keeps a copy with the others of this run" in said(tab)
    assert any(f"/runs/{run}/letters.pdf?person=0" in str(each.proto) for each in tab.get("html"))
    tab.button(key="mark_renewed").click().run()
    assert not tab.exception
    (first, *_) = app.services.handover.people(LOCAL, run)
    assert (first.changed, first.is_done) == (False, True)


def test_files_are_for_those_and_in_the_language_that_were_chosen(app: App) -> None:
    run = ended(app)
    tab = opened("jobs", run=str(run))
    tab.button_group(key="handover-people").set_value(Shown.WAITING)
    tab.selectbox(key="handover-language").set_value("nl").run()
    assert not tab.exception
    shown = " ".join(str(each.proto) for each in tab.get("html"))
    assert "letters.pdf?paper=A4&amp;people=unmarked&amp;language=nl" in shown
    assert "mail-merge.xlsx?people=unmarked" in shown


def test_who_has_a_password_is_shown_after_the_copy_is_erased(app: App) -> None:
    run = ended(app)
    app.services.handover.mark(LOCAL, run, [0], HandOverWay.LETTER)
    app.services.handover.erase(LOCAL, run, agreed=99)
    tab = opened("jobs", run=str(run))
    assert "The marks stay." in said(tab)
    assert [each.value for each in tab.header if each.value.startswith("Who has")] == ["Who has their password"]
    assert not any("letters.pdf" in str(each.proto) for each in tab.get("html"))


def test_failed_rows_are_offered_once_a_run_has_ended_with_some_to_import_again(app: App) -> None:
    run = ended(app)

    def links(*changes: str) -> list[str]:
        with app.services.store.write() as tx:
            for change in changes:
                tx.exec_driver_sql(change)
        shown = " ".join(str(each.proto) for each in opened("jobs", run=str(run)).get("html"))
        return re.findall(r"failed[.][a-z]+(?:[?]delimiter=[a-z]+)?", shown)

    app.services.exports.choose_delimiter(LOCAL, "semicolon")
    assert links() == []
    assert links("UPDATE run_row SET outcome = 'failed' WHERE position = 1") == [
        "failed.xlsx", "failed.csv?delimiter=semicolon",
    ]  # fmt: skip
    assert links("UPDATE run SET kind = 'delete'") == []
    waits = "UPDATE run_row SET outcome = 'waiting' WHERE position = 0"
    assert links(waits, "UPDATE run SET kind = 'import', status = 'paused'") == []
