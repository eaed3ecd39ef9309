"""The text that explains a mailbox to its owner."""

from mxlib.core import client_setup


def test_the_text_for_the_owner_holds_everything_but_the_password() -> None:
    text = client_setup.text("kim@a.nl", "eagle.mxlogin.com")
    for part in ("kim@a.nl", "eagle.mxlogin.com", "IMAP", "993", "SMTP", "465", "POP3", "995", "SSL/TLS"):
        assert part in text


def test_the_message_has_the_password_where_it_is_given() -> None:
    assert "\nPassword: Geheim.2026x\n" in client_setup.text("kim@a.nl", "eagle.mxlogin.com", "Geheim.2026x")
