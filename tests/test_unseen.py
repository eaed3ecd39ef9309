"""Who may import into a domain, but not view it, changes mailboxes without being told what they have or had."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.text import findings
from mxlib.core.text.redaction import without_figures
from mxlib.core.vocabulary import OnExisting
from mxlib.runs import messages
from mxlib.services.audit_log import AuditFilter
from tests.house import House, data, opened
from tests.test_pages import ENTRY, PAGES, preview

#: What nobody is to read who may not see the mailboxes: a quota, a use, what was sent, a limit, a recovery email.
SECRETS = ("1337", "1,337", "871", "143", "4711", "old-secret")

FILE = """username,password,quota,limit,recovery_email
kim,,2048,300,
nina,Geheim.2026x,700,500,new@home.nl
omar,,,,-
tess,,1338,,
lena,Geheim.2026x,,,
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Four mailboxes of which there is something to hide."""
    with opened(tmp_path) as made:
        made.have("kim@a.nl", "nina@a.nl", "omar@a.nl", "tess@a.nl")
        boxes = made.host.sandbox.account.domains["a.nl"]
        for name, box in boxes.items():
            boxes[name] = replace(box, quota=1337, usage=871.0, limit=4711, sent=143)
            made.services.mailboxes.set_recovery(LOCAL, "a.nl", name, f"old-secret@{name}.nl")
        made.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
        yield made


def hides(text: str) -> bool:
    """Whether nothing is told in it that is to be hidden."""
    return not [secret for secret in SECRETS if secret in text]


def imported(house: House, token: str) -> int:
    answer = house.ask(
        "POST", "/imports?default_domain=a.nl&on_existing=update", content=FILE, token=token,
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    return int(house.ended(data(answer, 202)["id"])["id"])


def told(house: House, path: str, token: str, method: str = "GET", body: Any = None) -> str:
    answer = house.ask(method, path, body, token=token)
    assert answer.status_code < 300, answer.text
    return str(answer.content.decode())


def test_a_preview_tells_what_is_asked_and_not_what_there_was(house: House) -> None:
    blind = house.token(a_nl="import")
    asked = "/email-accounts/import/preview?default_domain=a.nl&on_existing=update"
    sent = {"content": FILE, "headers": {"Content-Type": "text/csv"}}
    answer = house.ask("POST", asked, token=blind, **sent)
    assert hides(answer.text)
    kim, nina, omar, tess, lena = data(answer)["rows"]
    assert kim["changes"] == ["quota set to 2048"]
    assert nina["changes"] == ["quota set to 700", "limit set to 500", "recovery email set", "password changed"]
    assert omar["changes"] == ["recovery email removed"]
    assert tess["changes"] == ["quota set to 1338"]
    assert (lena["action"], lena["changes"]) == ("create", [])
    assert kim["warnings"] == ["MXroute keeps the limit, not 300: it changes one only together with a password."]
    assert nina["warnings"] == ["MXroute may keep the limit, not set 500."]  # nor that 871 MB are used

    seen = data(house.ask("POST", asked, token=house.token(a_nl="import view"), **sent))["rows"]
    assert seen[0]["changes"] == ["quota 1337 → 2048"]
    assert seen[1]["changes"][2] == "recovery email changed"
    assert "871 MB used: with a quota of 700 MB no new mail fits." in seen[1]["warnings"]


def test_results_tell_what_was_asked_in_every_form(house: House) -> None:
    blind = house.token(a_nl="import")
    run = imported(house, blind)
    for path in ("", "/results", "/results.csv"):
        assert hides(told(house, f"/imports/{run}{path}", blind)), path
    caller = house.services.tokens.caller(blind)
    with zipfile.ZipFile(io.BytesIO(house.services.runs.file(caller, run, "results.zip"))) as packed:
        assert hides(packed.read("a.nl.csv").decode())
    kim, nina, omar, _, lena = data(house.ask("GET", f"/imports/{run}/results", token=blind))["rows"]
    assert (kim["message"], kim["host"], kim["before"]) == (
        "changed; quota as asked; limit is not as asked (it changes only together with a password)",
        {"quota": 2048, "limit": None},
        None,
    )
    assert nina["message"].startswith("changed; quota as asked; limit")
    assert nina["message"].endswith("recovery email set; password changed")
    assert (omar["message"], omar["host"]) == ("recovery email removed", None)
    assert lena["host"] == {"quota": 1024, "limit": 9600}  # what it made is its own

    (seen, *_) = data(house.ask("GET", f"/imports/{run}/results"))["rows"]
    assert (seen["before"]["quota"], seen["host"]["limit"]) == (1337, 4711)
    assert "quota 1337 → 2048 as asked" in seen["message"]


def test_one_mailbox_changed_tells_only_what_is_as_asked(house: House) -> None:
    answer = told(house, "/domains/a.nl/email-accounts/kim", house.token(a_nl="import"), "PATCH", {"quota": 2048})
    assert hides(answer)
    assert '"quota":2048' in answer.replace(" ", "")
    seen = data(
        house.ask("PATCH", "/domains/a.nl/email-accounts/kim", {"quota": 99}, token=house.token(a_nl="import view"))
    )
    assert (seen["usage"], seen["recovery_email"]) == (871.0, "old-secret@kim.nl")


def test_the_trail_of_ones_own_doings_has_no_old_figures(house: House) -> None:
    blind = house.token(a_nl="import")
    imported(house, blind)
    told(house, "/domains/a.nl/email-accounts/kim", blind, "PATCH", {"quota": 4096})
    answer = told(house, "/audit", blind)
    assert hides(answer)
    assert "quota changed" in answer
    caller = house.services.tokens.caller(blind)
    for download in (house.services.audit_log.csv, house.services.audit_log.jsonl):
        assert hides(b"".join(download(caller, AuditFilter()).pieces).decode())


def test_taking_it_back_does_not_tell_what_comes_back(house: House) -> None:
    blind = house.token(a_nl="import")
    run = imported(house, blind)
    boxes = house.host.sandbox.account.domains["a.nl"]
    boxes["lena"] = replace(boxes["lena"], usage=871.0)
    boxes["tess"] = replace(boxes["tess"], quota=4711)
    house.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    looked = told(house, f"/imports/{run}/undo", blind)
    assert hides(looked)
    assert "kept: holds mail" in looked
    assert "kept: quota was changed since" in looked
    confirm = data(house.ask("GET", f"/imports/{run}/undo", token=blind))["confirm"]
    back = data(house.ask("POST", f"/imports/{run}/undo", {"confirm": confirm}, token=blind), 202)["id"]
    house.ended(back)
    for path in ("", "/results", "/results.csv"):
        assert hides(told(house, f"/imports/{back}{path}", blind)), path
    failed = house.services.runs.file(house.services.tokens.caller(blind), back, "failed.csv").decode()
    assert hides(failed)
    assert "kept: holds mail" in failed
    assert hides(told(house, "/audit", blind))
    assert boxes["kim"].quota == 1337
    assert "1337" in told(house, f"/imports/{back}/results.csv", "")


def test_the_pages_tell_it_as_the_api_does(house: House) -> None:
    house.services.users.add(LOCAL, "boss", "four words in a row", admin=True)
    house.services.users.add(LOCAL, "blind", "four words in a row", permissions={"a.nl": [Permission.IMPORT]})
    tab = preview(page("blind", "import_mailboxes", domain="a.nl"), FILE.encode())
    tab.segmented_control(key="on_existing").set_value("update").run()
    assert tab.data_editor[0].value["changes"].iloc[0] == "quota set to 2048"
    assert hides(everything(tab))
    tab.button(key="create").click().run()
    assert hides(everything(tab))
    assert "4 now" not in everything(tab)

    run = imported(house, house.token(a_nl="import"))
    house.services.run_manager.take_over(run, "blind", kind="operator", address="")
    banner = everything(page("blind", "import_mailboxes", domain="a.nl"))
    assert "limit not as asked" in banner
    assert hides(banner)
    card = page("blind", "runs", run=str(run))
    card.session_state["rows-open"] = True
    shown = everything(card.run())
    assert "limit not as asked" in shown
    assert "changed; quota as asked; limit is not as asked" in shown
    assert hides(shown)
    assert not [view for view in house.services.runs.all(sight("blind")) if not hides(view.difference)]


def test_the_page_says_what_comes_back_without_its_value(house: House) -> None:
    house.services.users.add(LOCAL, "boss", "four words in a row", admin=True)
    house.services.users.add(LOCAL, "blind", "four words in a row", permissions={"a.nl": [Permission.IMPORT]})
    batch = house.services.files.batch_from_file(FILE.encode(), "staff.csv", "a.nl", on_existing=OnExisting.UPDATE)
    seen = house.services.imports.validate(sight("blind"), batch)
    ready = house.services.imports.confirm(sight("blind"), batch, before=seen)
    run = house.services.runs.start(sight("blind"), ready.plan, days=7)
    house.ended(run)
    card = page("blind", "runs", run=str(run))
    card.button(key="undo_look").click().run()
    (table,) = [each.value for each in card.dataframe if "What happens" in each.value]
    assert dict(zip(table["Address"], table["What happens"], strict=True)) == {
        "kim@a.nl": "quota as before",
        "nina@a.nl": "quota and recovery email as before",
        "omar@a.nl": "recovery email as before",
        "tess@a.nl": "quota as before",
        "lena@a.nl": "deleted if still unused",
    }
    assert hides(everything(card))


def sight(name: str) -> Caller:
    """Somebody with `import` in a.nl, and nothing else."""
    return Caller(name, domains={"a.nl": frozenset({Permission.IMPORT})})


def page(name: str, page: str, **query: str) -> AppTest:
    """A browser tab of somebody on that page."""
    tab = AppTest.from_file(str(ENTRY), default_timeout=20)
    tab.user = {"email": name}
    for key, value in query.items():
        tab.query_params[key] = value
    return tab.run().switch_page(str(PAGES / f"{page}.py")).run()


def everything(tab: AppTest) -> str:
    """All words and tables of a page."""
    assert not tab.exception
    kinds = (tab.info, tab.error, tab.warning, tab.success, tab.caption, tab.markdown)
    words = [each.value for kind in kinds for each in kind]
    tables = [each.value.to_csv() for kind in (tab.dataframe, tab.data_editor) for each in kind]
    return "\n".join([*map(str, words), *tables])


@given(st.integers(1000, 9000), st.integers(10, 999), st.sampled_from(["quota", "limit"]))
def test_every_phrase_loses_the_figures_that_the_host_told(has: int, asked: int, name: str) -> None:
    for phrase in (
        findings.changes(name, has, asked),
        f"{findings.changes(name, asked, has)} as asked",
        f"{name} {has} as asked (it was {asked} when this was planned)",
        findings.what_changed(password=True, had=has, quota=asked, limit=None),
        messages.holds(has),
        messages.sent_today(has),
        messages.changed_since(name, has),
        f"{name} is {has}, not {asked} as asked (the host ignores it)",
        f"{name} {has}, not {asked}",
    ):
        left = without_figures(f"changed; {phrase}; {findings.RECOVERY_CHANGED}")
        assert not [figure for figure in (str(has), f"{has:,}", str(asked)) if figure in left], left
        assert left.startswith("changed; ")
        assert left.endswith(f"; {findings.RECOVERY_SET}")


def test_what_has_no_figures_stays_as_it_is() -> None:
    for sentence in ("made; quota and limit as asked", messages.GONE_MEANWHILE, messages.CHANGED_HERE, "deleted"):
        assert without_figures(sentence) == sentence
