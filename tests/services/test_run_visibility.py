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
from tests.support import app as houses
from tests.support.app import House, data, refused
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
    "9000",
    "900",
    "Salary",
    "elsewhere",
    f"{SECRET}b",
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with houses.opened(tmp_path) as opened:
        users = opened.services.users
        users.add(LOCAL, "boss", PASSWORD, admin=True)
        users.add(LOCAL, "kim", PASSWORD, permissions={"a.nl": ["view", "import"], "b.nl": ["view", "import"]})
        users.add(LOCAL, "lee", PASSWORD, permissions={"a.nl": ["import"]})
        yield opened


def caller(house: House, name: str) -> Caller:
    return house.services.users.caller(name)


def allow(house: House, name: str, **domains: str) -> None:
    user = house.services.users.find(name)
    assert user is not None
    house.services.users.change(
        LOCAL, user.id, permissions={domain.replace("_", "."): told.split() for domain, told in domains.items()}
    )


def imported(house: House, name: str, file: bytes = FILE) -> int:
    """A run of that file at its end, started by that user on the page of a.nl."""
    who, previews = caller(house, name), house.services.imports
    batch = house.services.files.batch_from_file(file, "staff.csv", "a.nl")
    plan = previews.confirm(who, batch, before=previews.validate(who, batch)).plan
    run = house.services.runs.start(who, plan, days=7)
    until(lambda: whole(house, run).status in AT_AN_END)
    return run


def whole(house: House, run: int) -> RunView:
    view = house.services.runs.get(LOCAL, run)
    assert view is not None
    return view


def everything(house: House, who: Caller, run: int) -> str:
    """All that the services say of a run to somebody."""
    services = house.services
    told = [
        repr(services.runs.get(who, run)),
        services.runs.rows(who, run).to_csv(),
        repr([(row, row.before, password) for row, password in services.runs.results(who, run)]),
        repr([view for view in services.runs.all(who) if view.id == run]),
        repr(services.runs.unseen(who)),
    ]
    return "\n".join(told)


def files(house: House, who: Caller, run: int) -> dict[str, str]:
    """The text of every file of a run."""
    found = {}
    for kind in ("results.csv", "results.xlsx", "failed.csv", "failed.xlsx", "results.zip"):
        content = house.services.exports.run_file(who, run, kind).content
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
    sheet = reader.read(content, "results.xlsx", taken=ReadOptions(header_line=1))
    return "\n".join([",".join(sheet.header), *(",".join(sheet.table.row(at)) for at in range(len(sheet)))])


@pytest.fixture
def run(house: House) -> int:
    """A run of the boss: only a.nl acts, since bob of b.nl is there already."""
    house.have("bob@b.nl")
    return imported(house, "boss")


def test_rows_that_did_not_act_are_hidden_from_who_may_not_see_their_domain(house: House, run: int) -> None:
    told = everything(house, caller(house, "lee"), run)
    assert "anna" in told
    assert "too bad" in told
    for other in OTHERS:
        assert other not in told, other
    view = house.services.runs.get(caller(house, "lee"), run)
    assert view is not None
    assert (view.total, view.hidden, sum(view.counts.values()), view.domains) == (2, 6, 2, ("a.nl",))
    assert (whole(house, run).total, whole(house, run).hidden) == (8, 0)


def test_taking_a_run_over_brings_no_file_with_rows_of_other_domains(house: House, run: int) -> None:
    lee = caller(house, "lee")
    house.services.runs.take_over(lee, run)
    for name, content in files(house, lee, run).items():
        for other in OTHERS:
            assert other not in content, (name, other)
    assert f"{SECRET}a" in files(house, lee, run)["results.csv"]
    assert "too bad" in files(house, lee, run)["failed.csv"]
    assert "6 rows of other domains are not shown." in house.services.exports.run_file(lee, run, "results.csv").remarks
    assert files(house, lee, run)["results.csv"].count("31-") == 2


def test_who_sees_both_domains_sees_all_but_what_names_neither(house: House, run: int) -> None:
    view = house.services.runs.get(caller(house, "kim"), run)
    assert view is not None
    assert (view.total, view.hidden) == (6, 2)
    told = everything(house, caller(house, "kim"), run)
    assert "bob" in told
    assert "dora" in told
    assert "carl" not in told
    assert "erik" not in told


def test_admins_see_every_row(house: House, run: int) -> None:
    boss = caller(house, "boss")
    assert len(house.services.runs.rows(boss, run)) == 8
    assert "Salary" in files(house, boss, run)["results.csv"]


def test_rows_that_name_no_domain_are_for_who_brought_the_file_until_somebody_takes_the_run_over(house: House) -> None:
    house.have("bob@b.nl")
    run = imported(house, "lee")
    view = house.services.runs.get(caller(house, "lee"), run)
    assert view is not None
    assert (view.total, view.hidden) == (4, 4)  # who may not import into b.nl learns nothing of it, as of elsewhere.nl
    told = everything(house, caller(house, "lee"), run)
    assert "carl" in told
    assert "fay" in told
    allow(house, "kim", a_nl="import")
    house.services.runs.take_over(caller(house, "kim"), run)
    for name in ("kim", "lee"):
        told = everything(house, caller(house, name), run)
        assert "carl" not in told
        assert "fay" not in told
        assert "anna" in told


# The API.


def test_the_api_counts_what_it_hides(house: House, run: int) -> None:
    token = house.token(a_nl="import view")
    one = data(house.ask("GET", f"/imports/{run}", token=token))
    assert (one["total"], one["hidden_rows"], sum(one["counts"].values())) == (2, 6, 2)
    assert data(house.ask("GET", "/imports", token=token))[0]["hidden_rows"] == 6
    results = data(house.ask("GET", f"/imports/{run}/results", token=token))
    assert ([row["username"] for row in results["rows"]], results["hidden_rows"]) == (["anna", "too bad"], 6)
    data(house.ask("POST", f"/imports/{run}/take-over", token=token))
    answer = house.ask("GET", f"/imports/{run}/results.csv", token=token)
    assert answer.status_code == 200
    assert "bob" not in answer.text
    assert "6 rows of other domains" in answer.headers["X-MXM-Remarks"]


# The page.


def page(name: str, run: int) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=20)
    tab.user = {"email": name}
    tab.query_params["run"] = str(run)
    tab.run().switch_page(str(PAGES / "runs.py")).run()
    assert not tab.exception
    return tab


def test_the_page_counts_what_it_hides(house: House, run: int) -> None:
    tab = page("lee", run)
    assert "6 rows of other domains are not shown." in [caption.value for caption in tab.caption]
    listed = tab.dataframe[0].value.iloc[0]
    assert (listed["Rows"], listed["Rows of other domains"]) == (2, 6)
    shown = str([each.value for kind in (tab.caption, tab.markdown, tab.subheader, tab.success) for each in kind])
    assert "b.nl" not in shown


# Rights of today.

BOTH = f"username,password,domain\nanna,{SECRET}a,a.nl\nbob,{SECRET}b,b.nl\nx y,{SECRET}c,b.nl\n".encode()


def actions(house: House, run: int) -> list[Any]:
    """Everything that a run's operator does with it."""
    runs, undoing, exports = house.services.runs, house.services.undo, house.services.exports
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
def test_an_operator_who_lost_a_domain_can_do_nothing_with_the_run(house: House, left: dict[str, str]) -> None:
    run = imported(house, "kim", BOTH)
    before = caller(house, "kim")
    assert f"{SECRET}b" in everything(house, before, run)
    allow(house, "kim", **left)
    for act in actions(house, run):
        for who in (before, caller(house, "kim")):
            with pytest.raises((Forbidden, NotFound)):
                act(who)
    with house.services.store.read() as tx:
        record = journal.get_run(tx, run)
    assert record is not None
    assert (record.handed_over_at, record.downloaded_at, record.status) == (None, None, "finished")
    if left:
        told = everything(house, before, run)
        assert SECRET not in told
        for other in ("bob", "b.nl"):
            assert other not in told, other
        view = house.services.runs.get(before, run)
        assert view is not None
        assert (view.domains, view.hidden) == (("a.nl",), 2)
        assert not house.services.runs.may_have(before, view)
        assert not house.services.runs.may_steer(before, view)
        assert not house.services.undo.possible(before, view)
    else:
        assert house.services.runs.get(before, run) is None
        assert house.services.runs.all(before) == house.services.runs.unseen(before) == ()
        assert not house.services.runs.ending_soon(before)


def test_an_operator_whose_permission_came_back_does_all_of_it_again(house: House) -> None:
    run = imported(house, "kim", BOTH)
    allow(house, "kim", a_nl="import")
    allow(house, "kim", a_nl="import", b_nl="import")
    assert f"{SECRET}b" in files(house, caller(house, "kim"), run)["results.csv"]


def test_the_page_of_an_operator_who_lost_a_domain_offers_nothing(house: House) -> None:
    run = imported(house, "kim", BOTH)
    allow(house, "kim", a_nl="view import")
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


def test_a_token_that_lost_a_domain_gets_no_passwords_and_its_repeated_request_no_run(house: House) -> None:
    kim = caller(house, "boss")
    token = house.services.tokens.create(
        kim, "nightly", domains={name: {Permission.IMPORT} for name in ("a.nl", "b.nl")}
    )
    body = {"rows": [{"email": "x@a.nl", "password": houses.GOOD}, {"email": "y@b.nl", "password": houses.GOOD}]}
    again = {"headers": {"Idempotency-Key": "k"}}
    run = data(house.ask("POST", "/imports", body, token=token, **again), 202)["id"]
    house.ended(run)
    assert data(house.ask("POST", "/imports", body, token=token, **again), 202)["id"] == run
    boss = house.services.users.find("boss")
    assert boss is not None
    house.services.users.add(LOCAL, "chief", PASSWORD, admin=True)
    house.services.users.change(LOCAL, boss.id, admin=False, permissions={"a.nl": ["import"]})
    refused(house.ask("POST", "/imports", body, token=token, **again), 403, "may not do this today")
    assert house.ask("GET", f"/imports/{run}/results.csv", token=token).status_code == 403
    results = data(house.ask("GET", f"/imports/{run}/results", token=token))
    assert ([row["password"] for row in results["rows"]], results["hidden_rows"]) == ([None], 1)
    for path in ("pause", "resume", "stop", "retry", "take-over", "handed-over"):
        assert house.ask("POST", f"/imports/{run}/{path}", token=token).status_code == 403, path
    assert house.ask("GET", f"/imports/{run}/undo", token=token).status_code == 403
    house.services.users.change(LOCAL, boss.id, permissions={})
    assert house.ask("GET", f"/imports/{run}", token=token).status_code == 404
    assert house.ask("POST", "/imports", body, token=token, **again).status_code == 403
