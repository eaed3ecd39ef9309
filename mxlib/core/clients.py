"""Clients of the agency: the domains that are theirs, the people to write to, and what their mailboxes get."""

from collections.abc import Collection
from dataclasses import dataclass, field

from mxlib.core import addresses
from mxlib.core.format import quoted

#: The languages of texts to a client's people; the first is used where none is chosen.
LANGUAGES = {"en": "English", "nl": "Dutch", "de": "German", "fr": "French", "es": "Spanish"}

MAX_NAME, MAX_NOTES, MAX_DOMAINS, MAX_CONTACTS = 100, 5_000, 500, 50

#: The largest quota (MB) and number of mailboxes that a field takes.
MAX_QUOTA, MAX_MAILBOXES = 10_000_000, 1_000_000


class InvalidClient(Exception):
    """A client breaks a rule; the message says which one, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to write to; a blank `language` means the client's."""

    name: str = ""
    address: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Default and caps of a client's mailboxes; None leaves one open.

    Quotas are in MB. An unlimited quota (0) is over every `max_quota`.
    """

    default_quota: int | None = None
    max_quota: int | None = None
    max_mailboxes: int | None = None

    def allows_quota(self, quota: int) -> bool:
        """Return whether a mailbox may have this quota."""
        return self.max_quota is None or 0 < quota <= self.max_quota


@dataclass(frozen=True, slots=True)
class DomainTerms:
    """The terms of a domain's client, and how many mailboxes its domains have in all.

    These figures are counted only where the terms have a number of mailboxes.
    """

    client: str
    terms: Terms
    mailboxes: int = 0
    #: Mailboxes besides those that runs and people are about to create.
    under_way: int = 0
    #: Whether the reader may see the figures: they may view every domain of the client.
    shows_figures: bool = True
    #: Whether a list of the client's domains could not be read, so that the figures are too low.
    is_uncertain: bool = False

    @property
    def room(self) -> int:
        """Return how many mailboxes may be created; 0 without a number in the terms."""
        return max(0, (self.terms.max_mailboxes or 0) - self.mailboxes - self.under_way)


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """Everything about a client that an admin decides."""

    name: str
    domains: tuple[str, ...]
    contacts: tuple[Contact, ...] = ()
    language: str = "en"
    terms: Terms = field(default_factory=Terms)
    notes: str = ""
    #: Whether people may reset the passwords of its mailboxes themselves.
    self_service: bool = False


def checked(details: ClientDetails) -> ClientDetails:
    """Return the details as they are stored: domains as the host writes them, blanks removed.

    Raises InvalidClient for the first rule that is broken.
    """
    return ClientDetails(
        _name(details.name),
        _domains(details.domains),
        _contacts(details.contacts),
        _language(details.language, "language") or next(iter(LANGUAGES)),
        _terms(details.terms),
        _notes(details.notes),
        details.self_service,
    )


def key_of(name: str) -> str:
    """Return a name for comparison: two clients do not differ by case and blanks alone."""
    return " ".join(name.split()).casefold()


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidClient("name", "Give the client a name.")
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidClient("name", f"A name has up to {MAX_NAME} visible characters. Shorten it, or type it again.")
    return name


def _domains(given: Collection[str]) -> tuple[str, ...]:
    if len(given) > MAX_DOMAINS:
        raise InvalidClient("domains", f"A client has up to {MAX_DOMAINS} domains. Make two clients of it.")
    names: dict[str, None] = {}
    for each in given:
        name = addresses.domain(each) if len(each) <= addresses.MAX_EMAIL_LENGTH else ""
        if not addresses.is_domain(name):
            raise InvalidClient("domains", f"{quoted(each)} is not a domain. Write one such as clienta.nl.")
        names[name] = None
    if not names:
        raise InvalidClient("domains", "Name at least one domain of this client.")
    return tuple(names)


def _contacts(given: Collection[Contact]) -> tuple[Contact, ...]:
    if len(given) > MAX_CONTACTS:
        raise InvalidClient("contacts", f"A client has up to {MAX_CONTACTS} contacts.")
    return tuple(_contact(each) for each in given if any((each.name.strip(), each.address.strip())))


def _contact(contact: Contact) -> Contact:
    name, email = " ".join(contact.name.split()), addresses.email(contact.address)
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidClient("contacts", f"The name of a contact has up to {MAX_NAME} visible characters. Shorten it.")
    if not email:
        raise InvalidClient("contacts", f"Give the address of {quoted(name)}.")
    if len(email) > addresses.MAX_EMAIL_LENGTH or not addresses.is_email(email):
        raise InvalidClient("contacts", f"{quoted(contact.address)} is not an email address. Write one.")
    return Contact(name, email, _language(contact.language, "contacts"))


def _language(language: str, where: str) -> str:
    language = language.strip().lower()
    if language and language not in LANGUAGES:
        raise InvalidClient(
            where, f"{quoted(language)} is not a language of MXM. Choose one of {', '.join(LANGUAGES)}."
        )
    return language


def _terms(terms: Terms) -> Terms:
    for name, label, figure, least, most in (
        ("default_quota", "Quota of a new mailbox", terms.default_quota, 0, MAX_QUOTA),
        ("max_quota", "Largest quota", terms.max_quota, 1, MAX_QUOTA),
        ("max_mailboxes", "Most mailboxes", terms.max_mailboxes, 1, MAX_MAILBOXES),
    ):
        if figure is not None and not least <= figure <= most:
            raise InvalidClient(name, f"{label}: write a whole number from {least} to {most:,}, or leave it blank.")
    if terms.default_quota is not None and not terms.allows_quota(terms.default_quota):
        raise InvalidClient(
            "default_quota", f"Quota of a new mailbox: the largest of this client is {terms.max_quota:,} MB."
        )
    return terms


def _notes(notes: str) -> str:
    notes = notes.strip()
    if len(notes) > MAX_NOTES:
        raise InvalidClient("notes", f"Notes have up to {MAX_NOTES:,} characters. Shorten them.")
    return notes
