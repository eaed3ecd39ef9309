"""The settings of mail: which server and sender, and that no message or repr shows the password."""

import pytest

from mxlib.settings import MailSecurity, MailServer, Settings, SettingsError

FROM = "MXM <mxm@agency.example>"
HIDDEN = "hidden-7"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://u:p%40x@mail.example", MailServer(MailSecurity.TLS, "mail.example", 465, "u", "p@x")),
        ("smtp://u:p@mail.example", MailServer(MailSecurity.STARTTLS, "mail.example", 587, "u", "p")),
        ("smtp://mail.example:25", MailServer(MailSecurity.STARTTLS, "mail.example", 25)),
        ("smtp://localhost:2525", MailServer(MailSecurity.NONE, "localhost", 2525)),
        ("smtp://127.0.0.1", MailServer(MailSecurity.NONE, "127.0.0.1", 587)),
        ("smtps://münchen.example", MailServer(MailSecurity.TLS, "xn--mnchen-3ya.example", 465)),
        ("mxroute+https://a%40b.nl:p@tue.mxrouting.net",
         MailServer(MailSecurity.API, "tue.mxrouting.net", 443, "a@b.nl", "p")),
    ],
)  # fmt: skip
def test_the_address_says_how_mail_leaves(url: str, server: MailServer) -> None:
    assert Settings(smtp_url=url, mail_from=FROM).mail_server == server


@pytest.mark.parametrize(
    "url",
    ["http://u:{}@mail.example", "smtps://u:{}@", "smtps://u:{}@mail.example:x", "smtps://:{}@mail.example",
     "mxroute+https://tue.mxrouting.net", "smtp://u:{}@mail.example/path", "{}"],
)  # fmt: skip
def test_an_address_that_is_wrong_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="MXM_SMTP_URL is not readable") as refusal:
        Settings(smtp_url=url.format(HIDDEN), mail_from=FROM)
    assert HIDDEN not in str(refusal.value) + repr(refusal.value)


@pytest.mark.parametrize("sender", ["nobody", "a@b.nl\r\nBcc: x@y.nl", "@b.nl", "MXM <>"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(SettingsError, match="MXM_MAIL_FROM is not a sender"):
        Settings(smtp_url="smtps://mail.example", mail_from=sender)


def test_server_and_sender_are_set_together() -> None:
    with pytest.raises(SettingsError, match="MXM_SMTP_URL is set but MXM_MAIL_FROM is not"):
        Settings(smtp_url="smtps://mail.example")
    with pytest.raises(SettingsError, match="MXM_MAIL_FROM is set but MXM_SMTP_URL is not"):
        Settings(mail_from=FROM)


def test_no_repr_shows_the_password() -> None:
    settings = Settings(smtp_url=f"smtps://u:{HIDDEN}@mail.example", mail_from=FROM)
    assert HIDDEN not in repr(settings) + repr(settings.mail_server) + str(settings.model_dump())
