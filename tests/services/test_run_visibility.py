"""A run shows the rows of domains that its reader may see today, counts the others, and obeys who may act there."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.files import reader
from mxlib.core.files.sheet import ReadOptions
from mxlib.core.vocabulary import AT_AN_END
from mxlib.runs.run_view import RunView
from mxlib.services.exports import NotFound
from mxlib.store import journal
from mxlib.web import downloads
from tests.support import app as support
from tests.support.app import App, data, refused
from tests.support.pages import ENTRY, PAGES
from tests.support.sign_in import brisk
from tests.support.threaded_runs import until

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")

PASSWORD = "correct horse battery"
SECRET = "Geheim.2026"

#: Rows of a.nl act; those of b.nl exist or are invalid; others name no domain, or two, or one that is elsewhere.
FILE = (
    "username,password,domain,Phone,Salary\n"
    f"anna,{SECRET}a,a.nl,31-a,\n"
    f"bob,{SECRET}b,b.nl,31-b,9000\n"
    f"bad name,{SECRET}c,b.nl,31-c,9001\n"
    f"carl,{SECRET}d,b .nl,31-d,9002\n"
    f"dora@b.nl,{SECRET}e,a.nl,31-e,9003\n"
    f"erik,{SECRET}f,elsewhere.nl,31-f,9004\n"
    f"fay@a.nl,{SECRET}h,b.nl,31-h,9005\n"
    f"too bad,{SECRET}g,a.nl,31-g,\n"
).encode()
OTHERS = (
    "b.nl",
    "bob",
    "31-b",
    "31-c",
    "31-d",
    "31-e",
    "31-f",
    "31-h",
    "fay",
    ",900",
    " 900",
    '"900',
    "Salary",
    "elsewhere",
    f"{SECRET}b",
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        users = opened.services.users
        users.add(LOCAL, "boss", PASSWORD, admin=True)
        users.add(LOCAL, "kim", PASSWORD, permissions={"a.nl": ["view", "import"], "b.nl": ["view", "import"]})
        users.add(LOCAL, "lee", PASSWORD, permissions={"a.nl": ["import"]})
        yield opened


def caller(app: App, name: str) -> Caller:
    return app.services.users.caller(name)


def allow(app: App, name: str, **domains: str) -> None:
    user = app.services.users.find(name)
    assert user is not None
    app.services.users.change(
        LOCAL,
        user.id,
        permissions={domain.replace("_", "."): shown_text.split() for domain, shown_text in domains.items()},
    )


def imported(app: App, name: str, file: bytes = FILE) -> int:
    """A run of that file at its end, started by that user on the page of a.nl."""
    who, previews = caller(app, name), app.services.imports
    batch = app.services.files.batch_from_file(file, "staff.csv", "a.nl")
    plan = previews.confirm(who, batch, before=previews.validate(who, batch)).plan
    run = app.services.runs.start(who, plan, days=7)
    until(lambda: whole(app, run).status in AT_AN_END)
    return run


def whole(app: App, run: int) -> RunView:
    view = app.services.runs.get(LOCAL, run)
    assert view is not None
    return view


def everything(app: App, who: Caller, run: int) -> str:
    """Return the text of everything that the services show a caller of a run."""
    services = app.services
    shown_text = [
        repr(services.runs.get(who, run)),
        services.runs.rows(who, run).to_csv(),
        repr([(row, row.before, password) for row, password in services.runs.results(who, run)]),
        repr([view for view in services.runs.all(who) if view.id == run]),
        repr(services.runs.unseen(who)),
    ]
    return "\n".join(shown_text)


def files(app: App, who: Caller, run: int) -> dict[str, str]:
    """The text of every file of a run."""
    found = {}
    for kind in ("results.csv", "results.xlsx", "failed.csv", "failed.xlsx", "results.zip"):
        content = app.services.exports.run_file(who, run, kind).content
        if kind.endswith("zip"):
            archive = zipfile.ZipFile(io.BytesIO(content))
            for name in archive.namelist():
                found[name] = name + text(archive.read(name), name)
        else:
            found[kind] = text(content, kind)
    return found


def text(content: bytes, kind: str) -> str:
    if kind.endswith("csv"):
        return content.decode("utf-8-sig")
    sheet = reader.read(content, "results.xlsx", options=ReadOptions(header_line=1))
    return "\n".join([",".join(sheet.header), *(",".join(sheet.table.row(at)) for at in range(len(sheet)))])


@pytest.fixture
def run(app: App) -> int:
    """A run of the boss: only a.nl acts, since bob of b.nl is there already."""
    app.have("bob@b.nl")
    return imported(app, "boss")


def test_rows_without_an_effect_are_hidden_without_permission_for_their_domain(app: App, run: int) -> None:
    shown_text = everything(app, caller(app, "lee"), run)
    assert "anna" in shown_text
    assert "too bad" in shown_text
    for other in OTHERS:
        assert other not in shown_text, other
    view = app.services.runs.get(caller(app, "lee"), run)
    assert view is not None
    assert (view.total, view.hidden, sum(view.counts.values()), view.domains) == (2, 6, 2, ("a.nl",))
    assert (whole(app, run).total, whole(app, run).hidden) == (8, 0)


def test_a_run_taken_over_gives_no_file_with_rows_of_other_domains(app: App, run: int) -> None:
    lee = caller(app, "lee")
    app.services.runs.take_over(lee, run)
    for name, content in files(app, lee, run).items():
        for other in OTHERS:
            assert other not in content, (name, other)
    assert f"{SECRET}a" in files(app, lee, run)["results.csv"]
    assert "too bad" in files(app, lee, run)["failed.csv"]
    assert "6 rows of other domains are not shown." in app.services.exports.run_file(lee, run, "results.csv").remarks
    assert files(app, lee, run)["results.csv"].count("31-") == 2


def test_a_viewer_of_both_domains_sees_all_rows_but_those_of_neither(app: App, run: int) -> None:
    view = app.services.runs.get(caller(app, "kim"), run)
    assert view is not None
    assert (view.total, view.hidden) == (6, 2)
    shown_text = everything(app, caller(app, "kim"), run)
    assert "bob" in shown_text
    assert "dora" in shown_text
    assert "carl" not in shown_text
    assert "erik" not in shown_text


def test_admins_see_every_row(app: App, run: int) -> None:
    boss = caller(app, "boss")
    assert len(app.services.runs.rows(boss, run)) == 8
    assert "Salary" in files(app, boss, run)["results.csv"]


def test_rows_without_a_domain_are_for_the_operator_until_a_take_over(app: App) -> None:
    app.have("bob@b.nl")
    run = imported(app, "lee")
    view = app.services.runs.get(caller(app, "lee"), run)
    assert view is not None
    assert (view.total, view.hidden) == (4, 4)  # who may not import into b.nl learns nothing of it, as of elsewhere.nl
    shown_text = everything(app, caller(app, "lee"), run)
    assert "carl" in shown_text
    assert "fay" in shown_text
    allow(app, "kim", a_nl="import")
    app.services.runs.take_over(caller(app, "kim"), run)
    for name in ("kim", "lee"):
        shown_text = everything(app, caller(app, name), run)
        assert "carl" not in shown_text
        assert "fay" not in shown_text
        assert "anna" in shown_text


# The API.


def test_the_api_counts_what_it_hides(app: App, run: int) -> None:
    token = app.token(a_nl="import view")
    one = data(app.ask("GET", f"/imports/{run}", token=token))
    assert (one["total"], one["hidden_rows"], sum(one["counts"].values())) == (2, 6, 2)
    assert data(app.ask("GET", "/imports", token=token))[0]["hidden_rows"] == 6
    results = data(app.ask("GET", f"/imports/{run}/results", token=token))
    assert ([row["username"] for row in results["rows"]], results["hidden_rows"]) == (["anna", "too bad"], 6)
    data(app.ask("POST", f"/imports/{run}/take-over", token=token))
    answer = app.ask("GET", f"/imports/{run}/results.csv", token=token)
    assert answer.status_code == 200
    assert "bob" not in answer.text
    assert "6 rows of other domains" in answer.headers["X-MXM-Remarks"]


# The page.


def page(name: str, run: int) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    tab.query_params["run"] = str(run)
    tab.run().switch_page(str(PAGES / "jobs.py")).run()
    assert not tab.exception
    return tab


def test_the_page_counts_what_it_hides(app: App, run: int) -> None:
    tab = page("lee", run)
    assert "6 rows of other domains are not shown." in [caption.value for caption in tab.caption]
    shown = str([each.value for kind in (tab.caption, tab.markdown, tab.header, tab.success) for each in kind])
    assert "b.nl" not in shown


# Rights of today.

BOTH = f"username,password,domain\nanna,{SECRET}a,a.nl\nbob,{SECRET}b,b.nl\nx y,{SECRET}c,b.nl\n".encode()


def actions(app: App, run: int) -> list[Any]:
    """Everything that a run's operator does with it."""
    runs, undoing, exports = app.services.runs, app.services.undo, app.services.exports
    return [
        lambda who: exports.run_file(who, run, "results.csv"),
        lambda who: exports.run_file(who, run, "results.zip"),
        lambda who: exports.run_file(who, run, "failed.xlsx"),
        lambda who: runs.extend(who, run, 7),
        lambda who: runs.handed_over(who, run),
        lambda who: runs.pause(who, run),
        lambda who: runs.resume(who, run),
        lambda who: runs.stop(who, run),
        lambda who: runs.retry(who, run),
        lambda who: runs.take_over(who, run),
        lambda who: undoing.look(who, run),
        lambda who: undoing.start(who, run, "2"),
    ]


@pytest.mark.parametrize("left", [{"a_nl": "view import"}, {"a_nl": "view import", "b_nl": "view export"}, {}])
def test_an_operator_who_lost_a_domain_cannot_act_on_the_run(app: App, left: dict[str, str]) -> None:
    run = imported(app, "kim", BOTH)
    before = caller(app, "kim")
    assert f"{SECRET}b" in everything(app, before, run)
    downloaded = app.services.runs.get(before, run).downloaded_at
    allow(app, "kim", **left)
    for act in actions(app, run):
        for who in (before, caller(app, "kim")):
            with pytest.raises((Forbidden, NotFound)):
                act(who)
    with app.services.store.read() as tx:
        record = journal.get_run(tx, run)
    assert record is not None
    assert (record.handed_over_at, record.downloaded_at, record.status) == (None, downloaded, "finished")
    if left:
        shown_text = everything(app, before, run)
        assert SECRET not in shown_text
        for other in ("bob", "b.nl"):
            assert other not in shown_text, other
        view = app.services.runs.get(before, run)
        assert view is not None
        assert (view.domains, view.hidden) == (("a.nl",), 2)
        assert not app.services.runs.may_have(before, view)
        assert not app.services.runs.may_control(before, view)
        assert not app.services.undo.possible(before, view)
    else:
        assert app.services.runs.get(before, run) is None
        assert app.services.runs.all(before) == app.services.runs.unseen(before) == ()
        assert not app.services.runs.ending_soon(before)


def test_an_operator_with_restored_permission_acts_on_the_run_again(app: App) -> None:
    run = imported(app, "kim", BOTH)
    allow(app, "kim", a_nl="import")
    allow(app, "kim", a_nl="import", b_nl="import")
    assert f"{SECRET}b" in files(app, caller(app, "kim"), run)["results.csv"]


def test_the_page_of_an_operator_who_lost_a_domain_offers_nothing(app: App) -> None:
    run = imported(app, "kim", BOTH)
    allow(app, "kim", a_nl="view import")
    tab = page("kim", run)
    keys = {button.key for button in tab.button}
    assert not keys & {"pause", "resume", "stop", "retry", "take", "forget", "extend", "undo_look"}
    assert f"Run {run} has mailboxes in domains where you may not do this today" in str(
        [caption.value for caption in tab.caption]
    )
    web = TestClient(Starlette(routes=downloads.routes), headers={"X-MX-User": "kim"})
    for kind in ("results.csv", "results.xlsx", "results.zip", "failed.csv"):
        answer = web.get(f"/runs/{run}/{kind}")
        assert answer.status_code == 403
        assert SECRET not in answer.text


def test_a_token_that_lost_a_domain_gets_no_passwords_and_its_repeated_request_no_run(app: App) -> None:
    kim = caller(app, "boss")
    token = app.services.tokens.create(kim, "nightly", domains={name: {Permission.IMPORT} for name in ("a.nl", "b.nl")})
    body = {"rows": [{"email": "x@a.nl", "password": support.GOOD}, {"email": "y@b.nl", "password": support.GOOD}]}
    again = {"headers": {"Idempotency-Key": "k"}}
    run = data(app.ask("POST", "/imports", body, token=token, **again), 202)["id"]
    app.ended(run)
    assert data(app.ask("POST", "/imports", body, token=token, **again), 202)["id"] == run
    boss = app.services.users.find("boss")
    assert boss is not None
    app.services.users.add(LOCAL, "chief", PASSWORD, admin=True)
    app.services.users.change(LOCAL, boss.id, admin=False, permissions={"a.nl": ["import"]})
    refused(app.ask("POST", "/imports", body, token=token, **again), 403, "may not do this today")
    assert app.ask("GET", f"/imports/{run}/results.csv", token=token).status_code == 403
    results = data(app.ask("GET", f"/imports/{run}/results", token=token))
    assert ([row["password"] for row in results["rows"]], results["hidden_rows"]) == ([None], 1)
    for path in ("pause", "resume", "stop", "retry", "take-over", "handed-over"):
        assert app.ask("POST", f"/imports/{run}/{path}", token=token).status_code == 403, path
    assert app.ask("GET", f"/imports/{run}/undo", token=token).status_code == 403
    app.services.users.change(LOCAL, boss.id, permissions={})
    assert app.ask("GET", f"/imports/{run}", token=token).status_code == 404
    assert app.ask("POST", "/imports", body, token=token, **again).status_code == 403
