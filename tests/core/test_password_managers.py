"""Files for password managers: their own headers, and every password exactly as it is."""

import csv
import io

from mxlib.core.handover import password_managers
from mxlib.core.handover.letters import Recipient

SERVER = "mail.example.test"
PEOPLE = [
    Recipient('Jan, "JJ" Jansen', "jan@example.test", "=cmd|'/c calc'!A0"),
    Recipient("", "an@example.test", 'a,"b"; c\'d'),
]


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_bitwarden() -> None:
    content = password_managers.bitwarden_csv(PEOPLE, SERVER, "example.test")
    header = b"folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp"
    assert content.split(b"\r\n")[0] == header
    found = rows(content)
    assert [row["login_password"] for row in found] == [person.password for person in PEOPLE]
    assert [(row["type"], row["folder"], row["login_username"]) for row in found] == [
        ("login", "example.test", person.address) for person in PEOPLE
    ]
    assert found[0]["notes"].startswith('Jan, "JJ" Jansen\n')
    assert found[1]["notes"].startswith(f"{SERVER}: IMAP 993")


def test_one_password() -> None:
    content = password_managers.one_password_csv(PEOPLE, SERVER)
    assert content.split(b"\r\n")[0] == b"Title,Website,Username,Password,Notes"
    assert [(row["Username"], row["Password"]) for row in rows(content)] == [
        (person.address, person.password) for person in PEOPLE
    ]
