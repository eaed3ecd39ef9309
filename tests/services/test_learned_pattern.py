"""The pattern of a domain's usernames is preset for usernames made of names."""

from pathlib import Path

from mxlib.auth.permissions import LOCAL
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
