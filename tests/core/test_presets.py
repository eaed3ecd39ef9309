"""Exports of other systems are recognised by their headers and read without a question."""

import pytest

from mxlib.core.files import reader
from mxlib.core.mapping import mapping, presets
from mxlib.core.schema import COLUMNS
from mxlib.core.text.notes import sentences
from tests.support.preset_rows import GOOGLE, GOOGLE_ROW

MICROSOFT = (
    "Block credential,City,Country/Region,Department,DirSyncEnabled,Display name,Fax,First name,Last dirsync time,"
    "Last name,Last password change time stamp,License assignment details,Licenses,Mobile Phone,Oath token meta data,"
    "Object Id,Office,Password never expires,Phone number,Postal code,Preferred data location,Preferred language,"
    "Proxy addresses,Release track,Soft deletion time stamp,State,Street address,Strong password required,Title,"
    "Usage location,User principal name,When created"
)
MICROSOFT_ROW = (
    "False,Ede,NL,Ops,,Anna Bakker,,Anna,,Bakker,,,E3,,,1,,True,,,,,SMTP:anna@a.nl,,,,,,Boss,NL,anna@a.nl,2024"
)
ENTRA = "userPrincipalName,displayName,surname,mail,givenName,objectId,userType,jobTitle,alternateEmailAddress"
CPANEL = "email,login,domain,user,_diskquota,diskquota,humandiskquota,diskused,suspended_login,mtime"
DIRECTADMIN = "account,login,usage,quota,limit,sent,suspended"


def read(*lines: str) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return the filled cells of each row, and the notes, of a file that matches a preset."""
    sheet = reader.read("\r\n".join(lines).encode(), "export.csv")
    preset = presets.find(sheet.header)
    assert preset is not None
    understood = mapping.detect_columns(sheet.header, chosen=preset.meanings(sheet.header))
    assert not understood.conflicts
    rows, notes = mapping.rows_from_sheet(sheet, understood)
    filled = [{name: cell for name, cell in row.items() if cell} for row in rows[list(COLUMNS)].to_dict("records")]
    return filled, sentences(notes)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            GOOGLE,
            GOOGLE_ROW,
            {"username": "anna@a.nl", "recovery_email": "anna@home.example", "name": "Anna Bakker"},
        ),
        (MICROSOFT, MICROSOFT_ROW, {"username": "anna@a.nl", "name": "Anna Bakker"}),
        (
            ENTRA,
            "anna@a.nl,Anna Bakker,Bakker,a.bakker@a.nl,Anna,1,Member,Boss,anna@home.example",
            {"username": "anna@a.nl", "recovery_email": "anna@home.example", "name": "Anna Bakker"},
        ),
        (
            CPANEL,
            "anna@a.nl,anna@a.nl,a.nl,anna,1073741824,1024.00,1 GB,3,0,1700000000",
            {"username": "anna@a.nl", "domain": "a.nl", "quota": "1024.00"},
        ),
        (
            DIRECTADMIN,
            "anna,anna@a.nl,12.02,500,200,4,no",
            {"username": "anna", "domain": "a.nl", "quota": "500", "limit": "200"},
        ),
    ],
    ids=["google", "microsoft", "entra", "cpanel", "directadmin"],
)
def test_a_known_export_is_read_without_questions_or_notes_on_its_usual_columns(
    header: str, row: str, expected: dict[str, str]
) -> None:
    rows, notes = read(header, row)
    assert rows == [expected]
    assert not notes


def test_a_column_added_to_an_export_by_hand_is_mapped_by_its_usual_name() -> None:
    rows, notes = read(f"{GOOGLE},Quota (MB),Shoe size", f"{GOOGLE_ROW},2048,42")
    assert rows[0]["quota"] == "2048"
    assert notes == ("Column 'Shoe size' is not used.",)


def test_a_quota_in_bytes_is_never_mistaken_for_megabytes() -> None:
    rows, _ = read("email,login,domain,_diskquota", "anna@a.nl,anna@a.nl,a.nl,1073741824")
    assert "quota" not in rows[0]


@pytest.mark.parametrize(
    "header", [("username", "password", "domain"), ("email", "password", "quota", "domain"), ("name", "phone")]
)
def test_a_plain_table_matches_no_preset(header: tuple[str, ...]) -> None:
    assert presets.find(header) is None


@pytest.mark.parametrize("preset", presets.PRESETS, ids=lambda preset: preset.name)
def test_no_column_of_a_preset_is_both_used_and_unused(preset: presets.Preset) -> None:
    used = [column for columns in preset.used.values() for column in columns]
    assert len(used) == len(set(used))
    assert preset.unused.isdisjoint(used)
