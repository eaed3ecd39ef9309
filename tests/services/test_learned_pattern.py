"""The pattern of a domain's usernames is preset for usernames made of names."""

from pathlib import Path

import pyarrow as pa

from mxlib.auth.permissions import LOCAL
from mxlib.core.files.reader import ReadOptions
from mxlib.services.files import MappingQuestion
from tests.support import app as support

FILE = b"Voornaam;Achternaam\r\nLena;Vogt\r\nTim;Berg\r\n"


def test_the_pattern_of_the_mailboxes_of_a_domain_is_preset(tmp_path: Path) -> None:
    with support.opened(tmp_path) as app:
        app.have(*(f"{name}@b.nl" for name in ("l.maas", "i.roth", "o.kramer", "n.jansen", "z.busch", "info")))
        for domain in ("a.nl", "b.nl"):
            app.services.lists.mailboxes(LOCAL, domain)
        for domain, pattern in (("a.nl", "first.last"), ("b.nl", "f.last")):
            found = app.services.files.read(LOCAL, FILE, "staff.csv", domain)
            assert isinstance(found, MappingQuestion)
            assert found.answer.pattern.pattern == pattern
            for options in (ReadOptions(header_line=1), ReadOptions(encoding="windows-1252")):
                again = app.services.files.read_again(LOCAL, FILE, "staff.csv", options, domain)
                assert again.answer.pattern == found.answer.pattern
            reading = app.services.files.apply_mapping(found.sheet, usernames=pa.array(["l.vogt", "t.berg"]))
            assert app.services.files.question_of(LOCAL, reading, domain).answer.pattern == found.answer.pattern


def test_another_header_keeps_the_spelling_of_the_domain(tmp_path: Path) -> None:
    file = "First name;Last name\nJörg;Müller\n".encode()
    with support.opened(tmp_path) as app:
        for domain, spelled in (("a.de", True), ("a.nl", False)):
            options = ReadOptions(header_line=1)
            assert (
                app.services.files.read_again(LOCAL, file, "x.csv", options, domain).answer.pattern.spelled is spelled
            )
