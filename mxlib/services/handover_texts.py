"""Texts to the owners of mailboxes: which one holds for whom, and what admins change about them.

A text is looked up from the domain to its client, from there to the language, and last to the standard text. To hand
something over, ask `stationery` once for all domains, and fill it for each person.
"""

from collections.abc import Collection
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.clients import LANGUAGES
from mxlib.core.handover import help_addresses, letters, logos, texts
from mxlib.core.handover.help_addresses import MAX_HELP
from mxlib.core.handover.letters import Paper, Recipient
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import Text, TextFinding, TextKind
from mxlib.core.links import LinkPurpose
from mxlib.core.mail_contents import LinkMail, MailboxReady, MailContent, MailedLink
from mxlib.core.text import handover_texts as sentences
from mxlib.core.text import link_mails
from mxlib.core.text.letters import WORDS
from mxlib.core.text.standard_texts import STANDARD
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.store import Store, Tx, audit, clients, stored_columns
from mxlib.store import handover_texts as kept
from mxlib.store.clients import ClientRecord
from mxlib.store.handover_texts import ALL_CLIENTS, StoredLetterhead, StoredText

__all__ = ["ALL_CLIENTS", "EditedText", "HandoverTexts", "InvalidText", "StoredLetterhead", "TextPreview"]

ONLY_ADMINS = "Only admins manage texts. Ask an admin."

_FIRST_LANGUAGE = next(iter(LANGUAGES))

#: The invented person of a preview.
_PERSON, _USERNAME, _PASSWORD = "Robin Example", "robin.example", "Example-Password-1"
_DOMAIN, _SERVER = "example.com", "mail.example.com"
_LINK, _LIFE_S = "https://password.agency.example/password/an-example-of-a-link", 14 * 86_400.0


class InvalidText(InvalidState):
    """A text or letterhead breaks a rule; the message has a sentence for each."""


@dataclass(frozen=True, slots=True)
class EditedText:
    """The text that holds for a client, a kind and a language.

    `is_own` says that the client has it, and not all clients; nobody wrote a standard text.
    """

    text: Text
    is_own: bool = False
    changed_at: float = 0.0
    who: str = ""


@dataclass(frozen=True, slots=True)
class TextPreview:
    """A text filled for an invented person, and the placeholders whose lines it leaves out."""

    person: Recipient
    stationery: Stationery
    text: Text
    left_out: tuple[str, ...]


@resolves_callers
class HandoverTexts:
    """Finds the texts of domains for all who hand over; manages them for admins.

    `server` is the host of the mail server; `portal_url` that of the public pages, if they have
    one of their own.
    """

    def __init__(self, store: Store, clock: Clock, server: str, portal_url: str = "") -> None:
        self._store, self._clock, self._server = store, clock, server or _SERVER
        self._settings_page = f"{portal_url.rstrip('/')}/mail-settings" if portal_url else ""

    def stationery(self, kind: TextKind, domains: Collection[str], *, language: str = "") -> dict[str, Stationery]:
        """Return the text, language and letterhead of each domain; domains of one client share theirs.

        Without a `language`, that of the domain's client holds. That the caller may act in `domains` is checked before.
        """
        with self._store.read() as tx:
            records = clients.of_domains(tx, domains)
            numbers = {ALL_CLIENTS, *(record.id for record in records)}
            written, heads = kept.texts(tx, kind, numbers), kept.letterheads(tx, numbers)
        general = heads.get(ALL_CLIENTS, StoredLetterhead())

        def of(record: ClientRecord | None) -> Stationery:
            number = record.id if record else ALL_CLIENTS
            chosen = language or (record.details.language if record else general.language) or _FIRST_LANGUAGE
            stored = written.get((number, chosen)) or written.get((ALL_CLIENTS, chosen))
            head = heads.get(number, general).letterhead.filled_by(general.letterhead)
            text = stored.text if stored else STANDARD[kind, chosen]
            return Stationery(text, chosen, head, self._server, self._settings_page)

        others = of(None)
        found = dict.fromkeys(domains, others)
        for record in records:
            found |= dict.fromkeys(set(record.details.domains) & set(domains), of(record))
        return found

    def general(self) -> StoredLetterhead:
        """Return the letterhead of all clients, for pages that anyone may read."""
        with self._store.read() as tx:
            return kept.letterheads(tx, [ALL_CLIENTS]).get(ALL_CLIENTS, StoredLetterhead())

    def message(self, caller: Caller, address: str, *, password: str = "") -> str:
        """Return the message for the owner of a mailbox; asks for `view` of its domain."""
        username, _, domain = address.rpartition("@")
        caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            name = stored_columns.of_mailbox(tx, domain, username)["name"]
        return self.stationery(TextKind.MESSAGE, [domain])[domain].filled(name, address, password).body

    def get(self, caller: Caller, client: int, kind: TextKind, language: str) -> EditedText:
        """Return the text that holds for a client, or for ALL_CLIENTS."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            _must_exist(tx, client, language)
            return _found(tx, client, kind, language)

    def letterhead(self, caller: Caller, client: int) -> StoredLetterhead:
        """Return the letterhead of a client, or of ALL_CLIENTS, with its blanks."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            _must_exist(tx, client)
            return kept.letterheads(tx, [client]).get(client, StoredLetterhead())

    def check(self, caller: Caller, client: int, kind: TextKind, text: Text) -> tuple[TextFinding, ...]:
        """Return what is wrong with a text of a client."""
        _must_be_an_admin(caller)
        found = texts.check(kind, text)
        if found or kind is not TextKind.LETTER:
            return found
        with self._store.read() as tx:
            head = _letterhead(tx, client)
        return letters.check_text(text.body, head)

    def preview(self, caller: Caller, client: int, kind: TextKind, language: str, text: Text) -> TextPreview:
        """Return a text as it is filled for an invented person of a client."""
        person, stationery = self._sample(caller, client, language, text)
        expires = link_mails.moment(self._clock.now() + _LIFE_S, language) if kind.is_mailed else ""
        filled = stationery.filled(
            person.name, person.address, person.password, link=_LINK, expires=expires, cells=person.cells
        )
        return TextPreview(person, stationery, filled, stationery.left_out(person.cells))

    def sample_mail(self, caller: Caller, client: int, kind: TextKind, language: str, text: Text) -> MailContent:
        """Return the mail to an invented person as it would leave; raises InvalidText.

        Its link opens nothing.
        """
        text = texts.normalized(text)
        _must_be_valid(self.check(caller, client, kind, text))
        person, stationery = self._sample(caller, client, language, text)
        if kind is TextKind.MAIL:
            return MailboxReady(person.name, person.address, stationery)
        purpose = LinkPurpose.RESET if kind is TextKind.RESET else LinkPurpose.INVITE
        link = MailedLink(person.name, person.address, _LINK)
        return LinkMail(purpose, (link,), stationery, self._clock.now() + _LIFE_S)

    def sample_letter(self, caller: Caller, client: int, language: str, text: Text, paper: Paper = Paper.A4) -> bytes:
        """Return the letter for an invented person as a PDF; raises InvalidText."""
        text = texts.normalized(text)
        _must_be_valid(self.check(caller, client, TextKind.LETTER, text))
        person, stationery = self._sample(caller, client, language, text)
        domain = person.address.rpartition("@")[2]
        return letters.make([person], {domain: stationery}, paper).pdf

    def save(
        self, caller: Caller, client: int, kind: TextKind, language: str, text: Text, *, before: EditedText
    ) -> None:
        """Store a text for a client, or for ALL_CLIENTS.

        Raises InvalidText with what is wrong; InvalidState when it is no longer `before`, on which it was written.
        """
        text = texts.normalized(text)
        _must_be_valid(self.check(caller, client, kind, text))
        with self._store.write() as tx:
            on = _must_exist(tx, client, language)
            _must_be_the_same(before, _found(tx, client, kind, language))
            kept.put_text(tx, client, kind, language, StoredText(text, self._clock.now(), caller.name))
            self._record(tx, caller, AuditAction.TEXT_CHANGE, on, _what(kind, language))

    def reset(self, caller: Caller, client: int, kind: TextKind, language: str) -> None:
        """Remove the text of a client: that of all clients holds again, or the standard one."""
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            on = _must_exist(tx, client, language)
            if _found(tx, client, kind, language).is_own:
                kept.remove_text(tx, client, kind, language)
                self._record(tx, caller, AuditAction.TEXT_RESET, on, _what(kind, language))

    def save_letterhead(
        self, caller: Caller, client: int, letterhead: Letterhead, *, before: StoredLetterhead, language: str = ""
    ) -> None:
        """Store the letterhead of a client, or of ALL_CLIENTS.

        The latter has the `language` of domains without a client. Raises InvalidText; InvalidState when it is no
        longer `before`.
        """
        _must_be_an_admin(caller)
        letterhead = _checked(letterhead)
        with self._store.write() as tx:
            on = _must_exist(tx, client, language)
            now = kept.letterheads(tx, [client]).get(client, StoredLetterhead())
            if now != before:
                raise InvalidState(sentences.changed_meanwhile(now.who))
            spoken = language if client == ALL_CLIENTS else ""
            kept.put_letterhead(tx, client, StoredLetterhead(letterhead, spoken, self._clock.now(), caller.name))
            self._record(tx, caller, AuditAction.LETTERHEAD_CHANGE, on, "")

    def _sample(self, caller: Caller, client: int, language: str, text: Text) -> tuple[Recipient, Stationery]:
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            _must_exist(tx, client, language)
            record = clients.get(tx, client) if client else None
            head = _letterhead(tx, client)
        domain = record.details.domains[0] if record else _DOMAIN
        cells = {header: header for header in texts.own_columns(text)}
        cells.setdefault(texts.SALUTATIONS[0], WORDS[language].form_of_address)
        return Recipient(_PERSON, f"{_USERNAME}@{domain}", _PASSWORD, cells=cells), Stationery(
            text, language, head, self._server, self._settings_page
        )

    def _record(self, tx: Tx, caller: Caller, action: AuditAction, on: str, outcome: str) -> None:
        audit.record(tx, caller, action, at=self._clock.now(), on=on, outcome=outcome)


def _found(tx: Tx, client: int, kind: TextKind, language: str) -> EditedText:
    stored = kept.texts(tx, kind, {ALL_CLIENTS, client})
    for number in (client, ALL_CLIENTS):
        if each := stored.get((number, language)):
            return EditedText(each.text, number == client, each.changed_at, each.who)
    return EditedText(STANDARD[kind, language])


def _letterhead(tx: Tx, client: int) -> Letterhead:
    heads = kept.letterheads(tx, {ALL_CLIENTS, client})
    general = heads.get(ALL_CLIENTS, StoredLetterhead())
    return heads.get(client, general).letterhead.filled_by(general.letterhead)


def _checked(letterhead: Letterhead) -> Letterhead:
    """Return a letterhead as it is stored; raises InvalidText."""
    agency, help_address = " ".join(letterhead.agency.split()), letterhead.help_address.strip()
    for label, text in (("Agency", agency), ("Address for help", help_address)):
        if len(text) > MAX_HELP:
            raise InvalidText(f"{label}: {MAX_HELP} characters fit. Shorten it.")
        if not text.isprintable() or not letters.is_printable(text):
            raise InvalidText(f"{label}: letters print Latin, Greek and Cyrillic on one line. Write it in these.")
    trouble = help_addresses.check(help_address)
    if trouble is not None:
        raise InvalidText(sentences.HELP_PROBLEMS[trouble])
    logo = b"" if letterhead.without_logo else letterhead.logo
    problem = logos.check(logo) if logo else None
    if problem is not None:
        raise InvalidText(sentences.LOGO_PROBLEMS[problem])
    return Letterhead(agency, help_address, logo, letterhead.without_logo)


def _what(kind: TextKind, language: str) -> str:
    return f"{sentences.KIND_LABELS[kind]}, {LANGUAGES[language]}"


def _must_be_valid(found: Collection[TextFinding]) -> None:
    if found:
        raise InvalidText(" ".join(map(sentences.sentence, found)))


def _must_be_the_same(before: EditedText, now: EditedText) -> None:
    if now != before:
        raise InvalidState(sentences.changed_meanwhile(now.who))


def _must_exist(tx: Tx, client: int, language: str = "") -> str:
    """Return the name of a client for the audit log.

    Raises InvalidState for an unknown client or language.
    """
    if language and language not in LANGUAGES:
        raise InvalidState(f"Texts are in {', '.join(LANGUAGES.values())}. Choose one of these.")
    if client == ALL_CLIENTS:
        return "All clients"
    record = clients.get(tx, client)
    if record is None:
        raise InvalidState(f"There is no client {client}. Choose another one.")
    return record.details.name


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(ONLY_ADMINS)
