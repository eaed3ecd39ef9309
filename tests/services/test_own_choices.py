"""Column choices are stored for each user; those of another user are offered, never applied."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.core.mapping.choices import ColumnChoices, digest
from mxlib.core.mapping.mapping import IGNORE
from mxlib.core.mapping.read_file import ReadFile
from mxlib.services.files import MappingQuestion
from mxlib.store import FILE, Store, column_choices
from tests.support import app as support
from tests.support.app import App, data
from tests.support.audit_entries import audit_entries
from tests.support.mapping_page import UNKNOWN, asks, column, done, say, text_of
from tests.support.pages import ENTRY, PAGES, preview
from tests.support.sign_in import ManualClock, brisk

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")

KNOWN = b"username,password,quota\nnina,Geheim.2026x,1024\n"
SWAPPED = ColumnChoices(("password", "username", IGNORE))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        for name in ("kim", "lee"):
            opened.services.users.add(LOCAL, name, "correct horse battery", admin=True)
        yield opened


def who(app: App, name: str) -> Caller:
    return app.services.users.caller(name)


def answered(app: App, name: str, file: bytes, answer: ColumnChoices) -> None:
    mappings = app.services.files
    found = mappings.read(who(app, name), file, "staff.csv", "a.nl")
    mappings.answered(who(app, name), found.sheet, answer, "a.nl")


def read(app: App, name: str, file: bytes) -> ReadFile | MappingQuestion:
    return app.services.files.read(who(app, name), file, "other.csv", "a.nl")


def test_column_choices_apply_only_to_files_of_the_user_who_made_them(app: App) -> None:
    answered(app, "kim", UNKNOWN, ColumnChoices(("username", IGNORE)))
    own, other = read(app, "kim", UNKNOWN), read(app, "lee", UNKNOWN)
    assert isinstance(own, ReadFile)
    assert list(own.rows["username"]) == ["nina"]
    assert isinstance(other, MappingQuestion)
    assert other.answer.meanings != ("username", IGNORE)
    assert other.offer is not None
    assert (other.offer.by, other.offer.answer.meanings) == ("kim", ("username", IGNORE))


def test_people_of_a_client_are_offered_no_choices_of_others(app: App) -> None:
    answered(app, "kim", UNKNOWN, ColumnChoices(("username", IGNORE)))
    anna = Caller("anna", domains={"a.nl": PERMISSIONS[Role.CLIENT_ADMIN]}, external=True)
    question = app.services.files.read(anna, UNKNOWN, "other.csv", "a.nl")
    assert isinstance(question, MappingQuestion)
    assert question.offer is None


def test_a_recognised_file_is_not_read_by_the_choices_of_another_user(app: App) -> None:
    answered(app, "kim", KNOWN, SWAPPED)
    own, other = read(app, "kim", KNOWN), read(app, "lee", KNOWN)
    assert isinstance(own, ReadFile)
    assert list(own.rows["username"]) == ["geheim.2026x"]
    assert isinstance(other, MappingQuestion)
    assert other.recognised
    assert other.answer.meanings == ("username", "password", "quota")
    assert other.offer is not None
    # Once they said what they mean, nobody asks them again.
    answered(app, "lee", KNOWN, other.answer)
    found = read(app, "lee", KNOWN)
    assert isinstance(found, ReadFile)
    assert list(found.rows["username"]) == ["nina"]


def test_choices_equal_to_the_headers_ask_nothing(app: App) -> None:
    answered(app, "kim", KNOWN, ColumnChoices(("username", "password", "quota")))
    assert isinstance(read(app, "lee", KNOWN), ReadFile)


def test_pasted_rows_are_not_read_by_the_choices_of_another_user(app: App) -> None:
    answered(app, "kim", KNOWN, SWAPPED)
    rows = app.services.files.further(who(app, "lee"), KNOWN.decode(), "a.nl", None).rows
    assert list(rows["username"]) == ["nina"]


def test_choices_do_not_replace_those_of_another_user(app: App) -> None:
    answered(app, "kim", UNKNOWN, ColumnChoices(("username", IGNORE)))
    answered(app, "lee", UNKNOWN, ColumnChoices((IGNORE, "username")))
    names = [read(app, name, UNKNOWN) for name in ("kim", "lee")]
    assert [list(each.rows["username"]) for each in names if isinstance(each, ReadFile)] == [["nina"], ["boss"]]


def test_saving_choices_is_in_the_audit_log_without_headers(app: App) -> None:
    answered(app, "kim", b"Geheim.2026z,wat\nnina,boss\n", ColumnChoices(("username", IGNORE)))
    with app.services.store.read() as tx:
        entry = audit_entries(tx)[0]
    assert (entry["what"], entry["who"], entry["on"]) == ("columns.answer", "kim", "staff.csv")
    assert entry["outcome"] == "username, ignore"


def test_changing_choices_over_a_preview_saves_ones_own(app: App) -> None:
    answered(app, "kim", KNOWN, SWAPPED)
    lee = who(app, "lee")
    reading = app.services.files.read_by_header(KNOWN, "other.csv")
    question = app.services.files.question_of(lee, reading, "a.nl")
    assert question.answer.meanings == ("username", "password", "quota")
    assert question.offer is not None
    assert question.offer.by == "kim"


# The API has nobody to ask, and remembers nothing.


def test_a_token_reads_a_file_by_its_headers_and_ignores_choices(app: App) -> None:
    token = app.token(a_nl="import")
    me = data(app.ask("GET", "/me", token=token))["name"]
    answered(app, "kim", KNOWN, SWAPPED)
    with app.services.store.write() as tx:
        column_choices.put(tx, digest(["username", "password", "quota"]), {}, me, 1.0)
    previewed = data(
        app.ask(
            "POST", "/email-accounts/import/preview?default_domain=a.nl", token=token, content=KNOWN,
            headers={"Content-Type": "text/csv"},
        )
    )  # fmt: skip
    assert [row["username"] for row in previewed["rows"]] == ["nina"]


# The page.


def page(name: str) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    tab.query_params["domain"] = "a.nl"
    tab.run().switch_page(str(PAGES / "import_mailboxes.py")).run()
    assert not tab.exception
    return tab


def offers(tab: AppTest) -> list[str]:
    return [str(button.key) for button in tab.button if str(button.key).startswith("map-offer")]


def test_the_page_offers_the_choices_of_another_user_by_name(app: App) -> None:
    done(say(preview(page("kim"), UNKNOWN), 0, "who"))
    tab = preview(page("lee"), UNKNOWN)
    assert asks(tab)
    assert "**kim** answered for such a file" in text_of(tab)
    assert tab.button(key="map_done").disabled
    (offer,) = offers(tab)
    tab.button(key=offer).click().run()
    assert not tab.exception
    assert asks(tab)  # it is filled in, and nothing is read before they say so
    assert not offers(tab)
    assert column(done(tab), "username") == ["nina"]
    with app.services.store.read() as tx:
        assert [entry["who"] for entry in audit_entries(tx) if entry["what"] == "columns.answer"] == ["lee", "kim"]
    assert not asks(preview(page("lee"), UNKNOWN))


def test_the_page_reads_a_recognised_file_by_its_headers_by_default(app: App) -> None:
    answered(app, "kim", KNOWN, SWAPPED)
    tab = preview(page("lee"), KNOWN)
    assert asks(tab)
    assert offers(tab)
    assert "We found no usernames" not in text_of(tab)
    assert column(done(tab), "username") == ["nina"]


# Releases before this one.


def test_choices_of_an_earlier_release_stay_with_their_user(tmp_path: Path) -> None:
    schema = Path(__file__).parents[1] / "files" / "schemas" / "0005.sql"
    kept = '{"meanings": ["ignore", "username"], "pattern": "first.last", "particles": "with", "spelled": false}'
    with closing(sqlite3.connect(tmp_path / FILE)) as raw:
        raw.executescript(schema.read_text())
        raw.execute("DELETE FROM mapping_answer")
        for header, by in ((b"1", "kim"), (b"2", "")):
            raw.execute("INSERT INTO mapping_answer VALUES (?, ?, ?, 5.0)", (header, kept, by))
        raw.commit()
    store = Store.open(tmp_path / FILE, ManualClock(), "key of the schema fixtures")
    with store.read() as tx:
        own = column_choices.find(tx, b"1", "kim")
        assert own is not None
        assert own.answer["meanings"] == ["ignore", "username"]
        assert column_choices.find(tx, b"1", "lee") is None
        assert [choices.by for choices in column_choices.of_others(tx, b"1", "lee")] == ["kim"]
        assert column_choices.find(tx, b"2", "lee") is None
        assert [choices.by for choices in column_choices.of_others(tx, b"2", "lee")] == [""]
    store.close()
