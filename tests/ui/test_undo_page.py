"""Undo on the card of a run: question, table, number to type, and links between both runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from tests.support.app import App
from tests.support.app import opened as opened_app
from tests.support.pages import opened
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import until


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened_app(tmp_path) as made:
        yield made


def ended(app: App, run: int) -> int:
    until(lambda: (view := app.services.run_manager.view(run)) is not None and view.status == "finished")
    return run


def card(run: int) -> AppTest:
    return opened("jobs", run=str(run))


def asked(tab: AppTest) -> str:
    return " ".join(each.value.replace("\\", "") for each in tab.markdown)


def buttons(tab: AppTest) -> set[str]:
    return {str(button.key) for button in tab.button}


@pytest.fixture
def run(app: App) -> int:
    """A run that made four mailboxes, one of which holds mail by now."""
    number = ended(app, app.services.runs.start(LOCAL, plan(*rows(4), name="staff.xlsx"), days=7))
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["user1"] = replace(boxes["user1"], usage=12.0)
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    return number


def test_an_import_is_undone_once_its_number_is_typed(app: App, run: int) -> None:
    tab = card(run)
    tab.button(key="undo_look").click().run()
    assert "Delete 3 unused mailboxes made from staff.xlsx? This cannot be undone." in asked(tab)
    (table,) = [each.value for each in tab.dataframe if "What happens" in each.value]
    assert table["What happens"].tolist() == ["deleted if still unused"] * 3 + ["kept: holds 12 MB of mail"]
    assert any("today only" in each.value for each in tab.caption)

    tab.text_input(key="undo_typed").input("4")
    tab.button(key="undo_do").click().run()
    assert any("Type 3 to confirm." in each.value for each in tab.error)
    assert len(app.host.sandbox.account.domains["a.nl"]) == 4

    tab.text_input(key="undo_typed").input("3")
    tab.button(key="undo_do").click().run()
    assert not tab.exception
    (back,) = app.services.run_manager.view(run).undone_by  # type: ignore[union-attr]
    assert tab.query_params["run"] in ([str(back)], str(back))
    ended(app, back)
    assert list(app.host.sandbox.account.domains["a.nl"]) == ["user1"]

    tab = card(back)
    assert f"Undo of run {run}, staff.xlsx" in tab.title[0].value.replace("\\", "")
    assert any("3 mailboxes deleted. 1 row skipped." in each.value.replace("\\", "") for each in tab.success)
    assert "undo_look" not in buttons(tab)
    tab.button(key=f"to-run-{run}").click().run()
    assert "undo_look" not in buttons(tab)
    assert f"to-run-{back}" in buttons(tab)


def test_leaving_all_as_it_is_closes_the_question(app: App, run: int) -> None:
    tab = card(run)
    tab.button(key="undo_look").click().run()
    tab.button(key="undo_leave").click().run()
    assert "undo_do" not in buttons(tab)
    assert app.host.writes() == 4


def test_an_unreachable_host_is_reported_and_nothing_is_asked(app: App, run: int) -> None:
    tab = card(run)
    app.host.down = True
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE last_list SET read_at = 0")
    tab.button(key="undo_look").click().run()
    assert any("could not be read" in each.value for each in tab.error)
    assert "undo_do" not in buttons(tab)


def test_it_is_not_offered_for_a_run_that_made_nothing(app: App) -> None:
    nothing = ended(app, app.services.runs.start(LOCAL, plan(row(0, left_out="Not ticked.")), days=7))
    assert "undo_look" not in buttons(card(nothing))
