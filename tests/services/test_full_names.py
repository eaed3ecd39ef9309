"""The full name of a mailbox: read from files, stored here, changed, found, exported, undone and forgotten."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL
from mxlib.core import headers
from mxlib.core.files import reader, writer
from mxlib.core.mapping import choices, mapping, suggestions
from mxlib.core.mapping.choices import FIRST_NAME, FULL_NAME, LAST_NAME
from mxlib.core.mapping.json_rows import rows_from_json
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.plans.changes import NewStored
from mxlib.core.schema import COLUMNS, MASK, NAME
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.mxroute import protocol
from mxlib.services.mailboxes import InvalidField
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}
TOO_LONG = "The full name has over 120 characters: shorten it."
INVISIBLE = "The full name has a line break or another character that no page shows; remove it."


def names_of(content: str) -> list[str]:
    """The full names that a file brings, without a question."""
    return apply_mapping(reader.read(content.encode(), "staff.csv")).rows["name"].tolist()


# Headers.


@pytest.mark.parametrize("header", ["Name", "Naam", "Full name", "Display Name", "Anzeigename", "Nom complet"])
def test_a_column_of_names_is_recognised_next_to_usernames(header: str) -> None:
    assert names_of(f"username,{header}\r\njan,Jan Jansen\r\n") == ["Jan Jansen"]


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        (["username", "Name", "Vorname"], ["username", None, None]),
        (["username", "Naam", "Achternaam"], ["username", None, None]),
        (["username", "Name", "Display name"], ["username", None, "name"]),
        (["username", "Name", "Naam"], ["username", None, None]),
        (["User name", "Last name"], ["username", None]),
        (["Email", "Name"], ["address", "name"]),
    ],
)
def test_a_name_column_is_the_full_name_unless_another_column_holds_names(
    columns: list[str], meant: list[str | None]
) -> None:
    assert headers.meanings_of(columns) == meant


def test_a_bare_name_alone_does_not_make_a_row_a_header() -> None:
    assert not headers.names_anything(["Name", "Phone"])


def test_a_german_list_still_has_last_and_first_names() -> None:
    sheet = reader.read(b"Name;Vorname\r\nM\xc3\xbcller;Hans\r\n", "staff.csv")
    answer = suggestions.suggest_columns(sheet, mapping.detect_columns(sheet.header))
    assert answer.meanings == (LAST_NAME, FIRST_NAME)
    assert apply_mapping(sheet, answer.chosen, usernames=sheet.table.column(0)).rows["name"].tolist() == ["Hans Müller"]


def test_a_list_of_full_names_makes_usernames_and_keeps_the_names() -> None:
    sheet = reader.read(b"Name,Phone\r\nJan van der Berg,1\r\n", "staff.csv")
    answer = suggestions.suggest_columns(sheet, mapping.detect_columns(sheet.header))
    assert answer.meanings[0] == FULL_NAME
    assert answer.makes_usernames
    rows = apply_mapping(sheet, answer.chosen, usernames=sheet.table.column(1)).rows
    assert rows["name"].tolist() == ["Jan van der Berg"]


def test_column_choices_of_an_earlier_release_still_apply() -> None:
    kept = {"meanings": ["full_name"], "pattern": "first.last", "particles": "joined", "spelled": False}
    answer = choices.from_json(["Wie"], kept)
    assert answer is not None
    assert answer.meanings == (FULL_NAME,)


def test_json_rows_bring_names_as_files_do() -> None:
    rows = rows_from_json([{"username": "jan", "displayName": " Jan Jansen "}, {"username": "kim", "name": None}])
    assert rows["name"].tolist() == [" Jan Jansen ", ""]
    assert rows_from_json([{"username": "hans", "name": "Müller", "vorname": "Hans"}])["name"].tolist() == [""]


# Valid names.


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("Jan Jansen", ""),
        ("王伟 (Wei)", ""),
        ("=Ops; team: 24/7 | Desk", ""),
        ("x" * 120, ""),
        ("x" * 121, TOO_LONG),
        ("x" * 2_000, TOO_LONG),
        ("Jan\nJansen", INVISIBLE),
        ("Jan\x07", INVISIBLE),
        ("Jan\u202eJansen", INVISIBLE),
        (f"Jan {MASK}", "A password seems to stand outside the password column: move it there."),
    ],
)
def test_a_name_must_be_short_and_printable(name: str, finding: str) -> None:
    account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
    rows = rows_from_json([{"username": "jan", "password": GOOD, "name": name}])
    assert validate(rows, account, Defaults("a.nl"))["reasons"].tolist() == [finding]


def test_a_password_in_the_column_of_names_is_masked() -> None:
    assert names_of("username,name\r\njan,Jan Geheim2026x\r\n") == [f"Jan {MASK}"]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
@settings(deadline=None, max_examples=50)
def test_a_stored_name_is_exported_unchanged(texts: list[str]) -> None:
    account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
    rows = rows_from_json(
        [
            {"username": f"u{at}", "password": GOOD, "name": text.encode(errors="replace").decode()}
            for at, text in enumerate(texts)
        ]
    )
    validated = validate(rows, account, Defaults("a.nl"))
    stored = validated.loc[validated["verdict"] == "ready", "clean_name"]
    frame = rows.loc[stored.index].assign(name=stored, quota="1", limit="1", domain="a.nl")
    if len(frame):
        back = apply_mapping(reader.read(writer.mailboxes_csv(frame), "back.csv")).rows
        assert back["name"].tolist() == stored.tolist()


# Storage, export and undo.


def test_a_mailbox_is_created_changed_and_found_with_its_name(app: App) -> None:
    assert data(app.ask("POST", BOXES, NINA | {"name": " Nina Özil "}), 201)["name"] == "Nina Özil"
    assert [hit.address for hit in app.services.search.find(LOCAL, "nina öZ").hits] == ["nina@a.nl"]
    writes = app.host.writes()
    changed = data(app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina <b>Berg</b>"}))
    assert (changed["name"], app.host.writes()) == ("Nina <b>Berg</b>", writes)
    both = data(app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina Berg", "quota": 2048}))
    assert (both["name"], both["quota"]) == ("Nina Berg", 2048)
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"quota": 4096, "name": None}))["name"] == "Nina Berg"
    refused(app.ask("PATCH", f"{BOXES}/nina", {"name": "x" * 121}), 400, TOO_LONG, "name")
    assert data(app.ask("GET", BOXES))[0]["name"] == "Nina Berg"
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"name": "-"}))["name"] is None
    assert [what for what, _, _ in trail(app)].count("name.set") == 3
    past = app.services.histories.of(LOCAL, "a.nl", "nina")
    assert [event.what for event in past.events][:2] == ["Full name removed", "Changed"]


def test_a_deleted_mailbox_leaves_no_name_to_a_new_one(app: App) -> None:
    app.ask("POST", BOXES, NINA | {"name": "Nina"})
    data(app.ask("DELETE", f"{BOXES}/nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["name"] is None
    app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina"})
    app.host.send(protocol.delete_mailbox("a.nl", "nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["name"] is None


def run(app: App, content: str) -> int:
    """Import a file that updates; the run's number, once it has ended."""
    path = "/imports?default_domain=a.nl&on_existing=update&file=staff.csv"
    number: int = data(app.ask("POST", path, content=content.encode(), headers={"Content-Type": "text/csv"}), 202)["id"]
    app.ended(number)
    return number


def test_an_import_sets_keeps_and_clears_names_and_its_undo_restores_them(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl", "tess@a.nl")
    for name in ("kim", "nina"):
        app.services.mailboxes.set_stored(LOCAL, "a.nl", name, "name", f"Old {name}")
    writes = app.host.writes()
    number = run(app, "username,Full name\r\nkim,Kim Groen\r\nnina,-\r\ntess,\r\n")
    assert app.host.writes() == writes

    def kept() -> list[str]:
        frame = app.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
        return [str(frame.loc[name, "name"]) for name in ("kim", "nina", "tess")]

    assert kept() == ["Kim Groen", "", ""]
    rows = data(app.ask("GET", f"/imports/{number}/results"))["rows"]
    assert [(row["name"], row["message"]) for row in rows] == [
        ("Kim Groen", "full name changed"),
        ("-", "full name removed"),
        (None, "no change"),
    ]
    assert rows[0]["before"]["name"] == "Old kim"
    undo = app.services.undo.look(LOCAL, number)
    assert undo.sentence.startswith("Put quota, recovery email and full name of 2 mailboxes back")
    assert [undo.what(row) for row in undo.to_restore] == ["full name Old kim", "full name Old nina"]
    app.ended(app.services.undo.start(LOCAL, number, undo.typed))
    assert kept() == ["Old kim", "Old nina", ""]


def test_an_imported_export_changes_nothing(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl")
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "kim", "name", "=Kim, 'the' \"boss\"")
    content = app.services.exports.domain_file(LOCAL, "a.nl", "csv").content.decode("utf-8-sig")
    assert content.splitlines()[0] == ",".join(COLUMNS)
    assert '"\t=Kim, \'the\' ""boss"""' in content
    number = run(app, content)
    rows = data(app.ask("GET", f"/imports/{number}/results"))["rows"]
    assert [row["message"] for row in rows] == ["no change", "no change"]


def test_several_names_are_set_at_once(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl")
    plan = app.services.changes.plan(LOCAL, ["kim@a.nl"], NewStored({"kim@a.nl": " Kim "}, NAME))
    assert plan.text(0.0) == "Set the full name of kim@a.nl? MXM keeps full names; MXroute is not asked."
    app.services.changes.carry_out(LOCAL, plan, days=7)
    assert data(app.ask("GET", f"{BOXES}/kim"))["name"] == "Kim"
    with pytest.raises(InvalidField, match="no page shows"):
        app.services.changes.plan(LOCAL, ["kim@a.nl"], NewStored({"kim@a.nl": "a\x07"}, NAME))
