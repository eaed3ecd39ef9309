"""Messages: text and HTML of the same words, with headers that nobody can add to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from mxlib.core import addresses
from mxlib.core.mail_contents import MailContent
from mxlib.core.mails import MAX_NAME, one_line
from mxlib.core.text import mails

#: Most characters of a subject.
_MAX_SUBJECT = 150

#: Seven bits: a server that offers no 8BITMIME takes it as well.
_POLICY = policy.SMTP.clone(cte_type="7bit")

#: Signs with a meaning in an address header. The standard library quotes a name that has one, but loses the quotes
#: where it folds a long line: what follows would be read as another recipient.
_SPECIAL = str.maketrans(dict.fromkeys('()<>[]:;@\\,."', " "))

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "assets"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


class InvalidRecipient(Exception):
    """The recipient is not an email address; the message says so."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The person that a mail goes to."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A composed message: its envelope, and its bytes as they leave."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def compose(sender: Address, to: Recipient, content: MailContent, at: float) -> Message:
    """Compose a message; raises InvalidRecipient.

    Words come from `content` alone, whose members have no room for a password.
    """
    recipient = addresses.email(to.address)
    if not addresses.is_email(recipient):
        raise InvalidRecipient(mails.not_an_address(one_line(to.address, 60)))
    words = mails.words_of(content)
    subject = one_line(words.subject, _MAX_SUBJECT)
    message_id = f"<{uuid4().hex}@{sender.domain}>"
    message = EmailMessage(_POLICY)
    message["From"] = Address(_name(sender.display_name), sender.username, sender.domain)
    message["To"] = Address(_name(to.name), addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    shown: dict[str, object] = {
        "subject": subject, "paragraphs": words.paragraphs, "footer": words.footer, "language": words.language,
    }  # fmt: skip
    message.set_content(_render("mail.txt", shown), cte="quoted-printable")
    shown["paragraphs"] = [_linked(each, words.links) for each in words.paragraphs]
    message.add_alternative(_render("mail.html", shown), subtype="html", cte="quoted-printable")
    return Message(sender.addr_spec, recipient, message_id, message.as_bytes())


def _name(name: str) -> str:
    return one_line(name.translate(_SPECIAL), MAX_NAME)


def _linked(paragraph: str, links: tuple[str, ...]) -> Markup:
    """Return a paragraph as HTML in which each of these addresses is a link."""
    html = str(escape(paragraph))
    for each in dict.fromkeys(links):
        address = str(escape(each))
        html = html.replace(address, f'<a href="{address}">{address}</a>')
    return Markup(html)  # noqa: S704 - each part is escaped above


def _render(template: str, shown: dict[str, object]) -> str:
    return _templates.get_template(template).render(shown)


@dataclass(frozen=True, slots=True)
class Parts:
    """A message as people read it."""

    subject: str
    text: str
    html: str


def read_parts(content: bytes) -> Parts:
    """Return the parts of a composed message."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - so says the policy
    texts = {part.get_content_subtype(): part.get_content() for part in message.iter_parts()}
    return Parts(str(message["Subject"]), texts["plain"], texts["html"])
