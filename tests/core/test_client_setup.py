"""The text that explains a mailbox to its owner."""

from mxlib.core import client_setup


def test_the_text_for_the_owner_holds_everything_but_the_password() -> None:
    text = client_setup.text("kim@a.nl", "eagle.mxlogin.com")
    for part in ("kim@a.nl", "eagle.mxlogin.com", "IMAP", "993", "SMTP", "465", "POP3", "995", "SSL/TLS"):
        assert part in text
