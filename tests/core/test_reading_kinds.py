"""Further files of the kinds in tests/files/cases: each comes out right, or says what is not right."""

import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import FileRefused
from mxlib.core.mapping.read_file import ReadFile, apply_mapping
from mxlib.core.notes import NoteCode
from mxlib.core.text import findings

P = "Kroket-2026a"


def read(text: str) -> ReadFile:
    return apply_mapping(reader.read(text.encode(), "staff.csv"), known=frozenset({"clienta.nl"}))


def codes(file: ReadFile) -> set[NoteCode]:
    return {note.code for note in file.notes}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f'[{{"username":"a","password":"{P}"}}]', "This is JSON"),
        (f'{{"username": "a", "password": "{P}"}}\n', "This is JSON"),
        ("<head><meta charset=utf-8></head><table>", "a web page"),
        ("<!-- export --><table><tr><td>username", "a web page"),
        ('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "a web page"),
        (f"lotte@clienta.nl:{P}\ntim@clienta.nl:Stoomboot-77x\n", "separated by colons"),
        (f"lotte@clienta.nl {P}\ntim@clienta.nl Stoomboot-77x\n", "separated by blanks"),
        (f"username:password\nlotte:{P}\n", "separated by colons"),
        ("lotte:x:1001:1001:Lotte:/srv/lotte:/bin/sh\ntim:x:1002:1002::/srv/tim:/bin/sh\n", "separated by colons"),
    ],
)
def test_another_kind_of_file_is_refused_by_name_and_without_a_password(text: str, sentence: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(text)
    assert sentence in str(refused.value)
    assert P not in str(refused.value)


@pytest.mark.parametrize("sign", [",", ";"])
@pytest.mark.parametrize("first", ["", "version:v1.0\n"])
def test_a_template_of_entra_is_read_with_any_delimiter_and_leaves_blocked_users_out(sign: str, first: str) -> None:
    header = (
        "Name [displayName] Required",
        "User name [userPrincipalName] Required",
        "Initial password [passwordProfile] Required",
        "Block sign in (Yes/No) [accountEnabled] Required",
    )
    rows = (header, ("Lotte", "lotte@clienta.nl", P, "No"), ("Tim", "tim@clienta.nl", P, "Yes"))
    file = read(first + "".join(sign.join(row) + "\n" for row in rows))
    assert file.rows["username"].tolist() == ["lotte@clienta.nl", "tim@clienta.nl"]
    assert file.rows["password"].tolist() == [P, P]
    assert file.rows["ticked"].tolist() == [True, False]
    assert NoteCode.SUSPENDED in codes(file)


@pytest.mark.parametrize("function", ["SHA-1", "MD5", "crypt"])
def test_a_hash_of_google_is_found_by_its_function_and_said_once(function: str) -> None:
    header = "First Name,Last Name,Email Address,Password,Password Hash Function,New Primary Email,Recovery Email"
    file = read(f"{header}\nTim,Berg,tim@clienta.nl,Ab2026cdef,{function},new@clienta.nl,tim@example.org\n")
    assert file.rows["fault"].tolist() == [findings.PASSWORD_HASH]
    assert file.rows["recovery_email"].tolist() == ["tim@example.org"]


def test_a_hash_that_looks_like_one_is_left_to_the_rules() -> None:
    header = "First Name,Last Name,Email Address,Password,Password Hash Function"
    file = read(f"{header}\nTim,Berg,tim@clienta.nl,$6$Zq1aB7cD$hN3kP0xYwE9uT2vR5sL8,crypt\n")
    assert file.rows["fault"].tolist() == [""]


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Lotte Maas (lotte@clienta.nl)", "lotte@clienta.nl"),
        ("SMTP:Lotte@clienta.nl", "lotte@clienta.nl"),
        ("mailto:lotte@clienta.nl?subject=Hello", "lotte@clienta.nl"),
        ("[lotte@clienta.nl](mailto:lotte@clienta.nl)", "lotte@clienta.nl"),
        ('"Maas, Lotte" <lotte@clienta.nl>;', "lotte@clienta.nl"),
    ],
)
def test_an_address_in_another_form_is_read_and_noted(cell: str, address: str) -> None:
    escaped = cell.replace('"', '""')
    file = read(f'username,password\n"{escaped}",{P}\ntim@clienta.nl,{P}\n')
    assert file.rows["username"].tolist() == [address, "tim@clienta.nl"]
    assert [note.lines for note in file.notes if note.code is NoteCode.ADDRESS_READ] == [(2,)]


def test_plain_tables_have_no_notes() -> None:
    header = "username,password,quota,limit,recovery_email,domain,name\n"
    rows = "".join(f"user{n}.o,Kroket-{n}a,{512 * n},,p{n}@example.org,clienta.nl,Zoë O'Neil {n}\n" for n in range(300))
    assert read(header + rows).notes == ()
    addresses = "".join(f"user{n}@clienta.nl;Kroket-{n}a;Jean-Luc Müller\r\n" for n in range(300))
    assert read(f"email;password;name\r\n{addresses}").notes == ()


@pytest.mark.parametrize("title", [f"Initial password {P}", P, f"login: nina {P}"])
def test_no_note_has_a_password_of_a_title_or_a_header(title: str) -> None:
    for text in (f"{title};;\nusername;a;b\nnina;1;2\n", f"x;;\nusername;{P};b\nnina;1;2\n"):
        assert P not in repr(read(text).notes)
