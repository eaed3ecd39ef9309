"""Messages: what is typed anywhere adds no header and no recipient, and nothing in them is a password."""

import ast
from dataclasses import fields
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import addresses, mails
from mxlib.core.mail_contents import MailContent
from mxlib.core.mails import TrialMail
from mxlib.mail.message import InvalidRecipient, Recipient, compose, read_parts

SENDER = Address("MXM Müller", "mxm", "agency.example")
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]

#: Text as an attacker writes it, and as people do.
texts = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["\r\n", "\n", "\r", "Bcc: x@evil.example", "\r\n\r\n", "\u2028", "\0", ",", "<", '"', "ü", " ", "a" * 80]
        ),
        max_size=12,
    ).map("".join),
)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@given(name=texts, by=texts, where=texts)
def test_nothing_that_is_typed_adds_a_header_or_a_recipient(name: str, by: str, where: str) -> None:
    message = compose(SENDER, Recipient("nina@mail.example", name), TrialMail(by, where), 1e9)
    assert message.content.isascii()
    assert max(map(len, message.content.splitlines())) <= 998
    found = read(message.content)
    assert found.keys() == HEADERS
    assert [address.addr_spec for address in found["To"].addresses] == ["nina@mail.example"]
    assert not found["To"].defects
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


@given(name=texts, by=texts)
def test_what_is_typed_is_text_in_html_too(name: str, by: str) -> None:
    tag = f"{by}<script>alert(1)</script><img src=x>"
    parts = read_parts(compose(SENDER, Recipient("nina@mail.example", name), TrialMail(tag, ""), 1e9).content)
    assert "<script" not in parts.html
    assert "<img" not in parts.html
    assert "&lt;script" in parts.html


@given(typed=texts)
def test_a_recipient_that_is_no_address_is_refused(typed: str) -> None:
    if not addresses.is_email(addresses.email(typed)):
        with pytest.raises(InvalidRecipient) as refusal:
            compose(SENDER, Recipient(typed), TrialMail("kim", ""), 1e9)
        assert str(refusal.value).isprintable()


def test_an_international_domain_goes_as_punycode() -> None:
    message = compose(SENDER, Recipient("Nina@münchen.example", "Nina Bäcker"), TrialMail("kim", ""), 1e9)
    assert message.recipient == "nina@xn--mnchen-3ya.example"
    assert str(read(message.content)["To"]) == "Nina Bäcker <nina@xn--mnchen-3ya.example>"


def test_a_mail_says_that_no_person_wrote_it_and_has_nothing_that_tracks() -> None:
    message = compose(SENDER, Recipient("nina@mail.example"), TrialMail("kim", "https://mxm.agency.example"), 1e9)
    found = read(message.content)
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Message-ID"] == message.message_id
    assert message.message_id.endswith("@agency.example>")
    assert found["Date"].datetime.timestamp() == 1e9
    parts = read_parts(message.content)
    assert "kim asked MXM at https://mxm.agency.example to send it." in parts.text
    assert "src=" not in parts.html
    assert "href=" not in parts.html


def test_no_content_of_a_mail_has_room_for_a_password() -> None:
    for content in get_args(MailContent) or (MailContent,):
        names = " ".join(field.name for field in fields(content))
        assert not any(word in names for word in ("password", "secret", "key", "text", "body")), content


@pytest.mark.parametrize("module", ["core/mails", "core/text/mails", "mail/message", "services/outbox", "store/outbox"])
def test_what_makes_mails_knows_no_password(module: str) -> None:
    """What makes them imports nothing that holds a password of a mailbox."""
    root = Path(mails.__file__).parents[1]
    tree = ast.parse((root / f"{module}.py").read_text(encoding="utf-8"))
    asked = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    asked |= {
        f"{node.module}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert not {name for name in asked if "password" in name or "handover.letters" in name}
