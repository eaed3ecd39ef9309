"""The page of background tasks: what an admin sees of each, *Run now*, and what others see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.text.background_tasks import LABELS
from mxlib.store import background_tasks
from mxlib.ui.app import session
from tests.support.app import App, opened, trail
from tests.support.pages import opened as page
from tests.support.pages import plain


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server whose nightly backup failed, and whose check of the audit log runs; the runner is not started."""
    with opened(tmp_path) as made:
        now = made.services.clock.now()
        with made.services.store.write() as tx:
            for name in (TaskName.BACKUP, TaskName.AUDIT_CHECK):
                background_tasks.introduce(tx, name, now, at_start=False)
                lease = background_tasks.take(tx, background_tasks.every(tx)[name], now, now + 30)
                assert lease is not None
                if name is TaskName.BACKUP:
                    background_tasks.end(tx, lease, TaskResult(TaskCode.FAILED), now, now + 3600)
        yield made


def words(tab: AppTest) -> str:
    assert not tab.exception
    return plain(" ".join(each.value for kind in (tab.markdown, tab.caption, tab.error) for each in kind))


def test_an_admin_sees_each_task_and_how_it_ended(app: App) -> None:
    text = words(page("background_tasks"))
    assert all(label in text for label in LABELS.values())
    assert "Failing since" in text
    assert "Failed: the log of the server says why." in text
    assert "Running since" in text


def test_run_now_makes_a_task_due_at_once(app: App) -> None:
    tab = page("background_tasks")
    tab.button(key="run-task-backup").click().run()
    assert not tab.error
    assert [plain(each.value) for each in tab.success] == [
        "Started: Make the nightly backup. Its row shows how it ends."
    ]
    state = next(state for state in app.services.background_tasks.every(LOCAL) if state.name is TaskName.BACKUP)
    assert state.moves(app.services.clock.now())
    assert trail(app)[-1] == ("task.run", "backup", LOCAL.name)


def test_a_task_that_is_not_prepared_says_so_when_it_is_to_run(app: App) -> None:
    tab = page("background_tasks")
    tab.button(key="run-task-erasure").click().run()
    assert "Try again in a minute." in words(tab)


def test_others_see_no_task(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "caller", lambda: Caller("kim"))
    tab = page("background_tasks")
    assert "Only admins see the background tasks." in words(tab)
    assert not any(str(button.key).startswith("run-task-") for button in tab.button)
    assert not any(label in words(tab) for label in LABELS.values())
