"""The spelling of usernames follows the headers, else the country of the domain, else the letters of the names."""

import pyarrow as pa
import pytest

from mxlib.core.mapping.languages import spells_out


@pytest.mark.parametrize(
    ("header", "domain", "name", "answer"),
    [
        ("Vorname,Nachname", "clienta.nl", "Jörg", True),
        ("Nachname,Abteilung,E-Mail privat", "", "", True),
        ("Fornavn,Etternavn", "firma.com", "Åse", True),
        ("Förnamn,Efternamn", "firma.de", "Göran", False),
        ("First name,Last name", "firma.de", "", True),
        ("First name,Last name", "firma.at", "", True),
        ("First name,Last name", "firma.ch", "", True),
        ("First name,Last name", "firma.dk", "", True),
        ("First name,Last name", "firma.se", "Göran", False),
        ("First name,Last name", "clienta.nl", "Jörg", False),
        ("First name,Last name", "firma.com", "Jürgen", True),
        ("First name,Last name", "firma.com", "Søren", True),
        ("First name,Last name", "firma.com", "Göran Åberg", False),
        ("First name,Last name", "firma.com", "Özil Yıldız", False),
        ("First name,Last name", "firma.com", "Zoë", False),
        ("First name,Last name", "", "Anna", False),
    ],
)
def test_the_spelling_of_a_list(header: str, domain: str, name: str, answer: bool) -> None:
    assert spells_out(header.split(","), [domain], [pa.array([name, "Anna"], pa.large_string())]) is answer
