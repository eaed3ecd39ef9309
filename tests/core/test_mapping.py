"""The mapping of columns, and the values that it makes of cells."""

import pandas as pd
import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import FileRefused, Sheet
from mxlib.core.headers import meaning_of
from mxlib.core.mapping import mapping
from mxlib.core.mapping.mapping import IGNORE
from mxlib.core.schema import COLUMNS, DTYPES
from mxlib.core.text.notes import sentences


def sheet_of(text: str) -> Sheet:
    return reader.read(text.encode(), "staff.csv")


def table_of(text: str, chosen: dict[int, str] | None = None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    sheet = sheet_of(text)
    return mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header, chosen=chosen))


@pytest.mark.parametrize(
    ("names", "meaning"),
    [
        (("username", "User Name", "user-name", "USER_NAME", "User", "Login", "local part", "Local-Part:"), "username"),
        (("email", "E-Mail Address", "Email Address [Required]", "mailbox", "Address*", "e-mail"), "address"),
        (("User principal name", "(email)", "[E-mail]", "\tEmail "), "address"),
        (("password", "Pass", "Password [Required]", "PASSWORD (min. 8)"), "password"),
        (
            ("quota", "Quota (MB)", "Quota GB", "quota_in_gb", "Quota [GB, 0 = none]", "quotaMB", "Quota (optional)"),
            "quota",
        ),
        (("limit", "Daily limit", "send-limit"), "limit"),
        (("recovery_email", "Recovery", "Recovery Address", "Recovery E-Mail"), "recovery_email"),
        (("domain", "Domain "), "domain"),
        (
            (
                "name",
                "Naam",
                "Full Name",
                "display-name",
                "DisplayName",
                "Anzeigename",
                "Vollständiger Name",
                "Nom complet",
                "nombre completo",
            ),
            "name",
        ),
        (
            (
                "",
                "last name",
                "user's name",
                "company name",
                "phone",
                "Quota (KB)",
                "quota in bytes",
                "quota used",
                "Recovery phone",
                "passport",
                "()",
            ),
            None,
        ),
    ],
)
def test_headers_are_recognised_despite_case_blanks_hyphens_and_brackets(
    names: tuple[str, ...], meaning: str | None
) -> None:
    assert {name: meaning_of(name) for name in names} == dict.fromkeys(names, meaning)


def test_the_rows_table_has_every_column_with_its_type() -> None:
    rows, notes = table_of("username\nalice\n\nbob\n")
    assert rows.dtypes.astype(str).to_dict() == DTYPES
    assert rows[["username", "line", "origin", "ticked", "generated", "fault"]].to_numpy().tolist() == [
        ["alice", 2, 0, True, False, ""],
        ["bob", 4, 1, True, False, ""],
    ]
    assert (rows[list(COLUMNS[1:])] == "").all(axis=None)
    assert notes == ()


def test_cells_except_passwords_are_trimmed_and_addresses_are_lower_cased() -> None:
    rows, _ = table_of(
        "User,Domain,Recovery,Quota,Pass\n\u200bAl.Ice\xa0, X.Example ,A@B.Example,\u202f1 024\xa0, aB \n"
    )
    row = rows.iloc[0]
    assert [row.username, row.domain, row.recovery_email, row.quota, row.password] == [
        "al.ice",
        "x.example",
        "a@b.example",
        "1 024",
        " aB ",
    ]


def test_non_ascii_letters_are_left_for_validation() -> None:
    rows, _ = table_of("username\nİLKER\nJOSÉ\n")
    assert rows["username"].tolist() == ["İlker", "josÉ"]


@pytest.mark.parametrize("cell", ["", "   ", "\xa0", "****", " **** "])
def test_blank_and_masked_passwords_are_read_as_empty(cell: str) -> None:
    assert table_of(f"username,password\nalice,{cell}\n")[0]["password"].tolist() == [""]


def test_cells_that_look_like_numbers_or_null_stay_text() -> None:
    rows, _ = table_of("username,password\n007,00123456\nnull,NaN\nTrue,True\n1e5,1e5\n")
    assert rows["username"].tolist() == ["007", "null", "true", "1e5"]
    assert rows["password"].tolist() == ["00123456", "NaN", "True", "1e5"]


def test_text_in_a_formula_is_unwrapped_except_in_a_password() -> None:
    rows, _ = table_of('username,password\n="007","=""007"""\n')
    assert rows.loc[0, ["username", "password"]].tolist() == ["007", '="007"']


@pytest.mark.parametrize(
    ("cell", "megabytes"),
    [("2", "2048"), ("0.5", "512"), ("0", "0"), ("", ""), ("512 MB", "512 MB"), ("unlimited", "unlimited"), ("x", "x")],
)
def test_a_quota_column_in_gigabytes_is_converted_with_a_note(cell: str, megabytes: str) -> None:
    rows, notes = table_of(f"username,Quota (GB)\nalice,{cell}\n")
    assert rows["quota"].tolist() == [megabytes]
    assert sentences(notes) == ("Quota is in GB in this file: converted to MB.",)


def test_unused_columns_are_noted_once_and_unnamed_ones_never() -> None:
    assert sentences(table_of("username,Phone,,x\na,1,,2\n")[1]) == ("Columns 'Phone' and 'x' are not used.",)
    assert sentences(table_of("username,Phone\na,1\n")[1]) == ("Column 'Phone' is not used.",)


def test_a_list_without_a_header_is_read_with_a_note() -> None:
    rows, notes = table_of("a@x.example\n")
    assert rows["username"].tolist() == ["a@x.example"]
    assert sentences(notes) == ("No header: read as a list of addresses.",)


def test_a_filled_username_wins_over_the_address() -> None:
    rows, _ = table_of("username,email\nal,alice@x.example\n,bob@x.example\n")
    assert rows["username"].tolist() == ["al", "bob@x.example"]
    assert rows["domain"].tolist() == ["", ""]


def test_an_address_that_matches_the_username_gives_the_domain() -> None:
    rows, _ = table_of("username,email,domain\nAl,al@x.example,\nbo,bo@x.example,y.example\nci,ci,\n")
    assert rows["username"].tolist() == ["al", "bo", "ci"]
    assert rows["domain"].tolist() == ["x.example", "y.example", ""]


def test_two_columns_with_one_meaning_need_a_choice_or_the_file_is_refused() -> None:
    sheet = sheet_of("user,username,pass\nal,bo,x\n")
    question = mapping.detect_columns(sheet.header)
    assert [(asked.meaning, asked.first, asked.second) for asked in question.conflicts] == [("username", 0, 1)]
    with pytest.raises(FileRefused, match=r"^Both 'user' and 'username' hold usernames\. Remove or ignore one\.$"):
        mapping.rows_from_sheet(sheet, question)
    answered = mapping.detect_columns(sheet.header, chosen={0: IGNORE})
    rows, notes = mapping.rows_from_sheet(sheet, answered)
    assert (rows["username"].tolist(), notes) == (["bo"], ())


def test_columns_can_be_mapped_by_hand() -> None:
    rows, _ = table_of("naam,wachtwoord,opm\nalice,Abcd1234,x\n", {0: "username", 1: "password", 2: IGNORE})
    assert rows.loc[0, ["username", "password"]].tolist() == ["alice", "Abcd1234"]


def test_a_file_without_usernames_is_refused_naming_its_columns() -> None:
    with pytest.raises(FileRefused, match=r"^We found no usernames or addresses\. The columns are: naam, password\.$"):
        table_of("naam,password\nalice,Abcd1234\n")


def test_own_columns_come_back_unchanged_and_never_passwords() -> None:
    sheet = sheet_of('username,Phone,Phone,,Password,pass\nalice,"\t+31 1",=1+1\nbob,,,x,Secret1x,Secret2x\n')
    columns = mapping.detect_columns(sheet.header, chosen={5: IGNORE})
    assert mapping.original_cells(sheet, 0, columns) == {"Phone": "+31 1", "Phone (2)": "=1+1", "Column 4": ""}
    assert mapping.original_cells(sheet, 1, columns) == {"Phone": "", "Phone (2)": "", "Column 4": "x"}


@pytest.mark.parametrize(
    ("text", "fault", "fault_column"),
    [
        ("username,password\nal,Ab,cd1234\n", "One value too many: put a password with a comma in quotes.", "password"),
        (
            'username,password\nal,"Ab"cd1234\n',
            "A quote ends in the middle of a cell. Double quotes inside a cell and quote the whole cell.",
            "password",
        ),
        (
            'username,password\nal,"Ab\nbo,"\n',
            "The password has a line break in it: a quote is missing, here or some lines on.",
            "password",
        ),
        ("username\n#al\n", "The line starts with #: comments stand above the header only.", "username"),
        ("note,username\n#1,al\n", "The line starts with #: comments stand above the header only.", "username"),
        ("domain,username\n#1,al\n", "The line starts with #: comments stand above the header only.", "domain"),
        ("email\n#a@x.example\n", "The line starts with #: comments stand above the header only.", "username"),
        ("password,username\n#Abcd1234,al\n", "", ""),
    ],
)
def test_a_reading_fault_names_the_column_whose_edit_fixes_it(text: str, fault: str, fault_column: str) -> None:
    rows, _ = table_of(text)
    assert rows.loc[0, ["fault", "fault_column"]].tolist() == [fault, fault_column]


def test_only_the_faulty_row_has_a_fault() -> None:
    rows, _ = table_of("username,password\nal,Abcd1234\nbo,Ab,cd\nci,Abcd1234\n")
    assert (rows["fault"] != "").tolist() == [False, True, False]
