"""Texts of the question before an import starts, with its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mxlib.core.format import count, day, duration, listed, whole_minutes
from mxlib.core.text.labels import verdict

UPDATING = (
    "Skip leaves existing mailboxes as they are. Update changes what a row gives: a blank cell keeps what there is, "
    "a dash as recovery email removes it, and a mailbox that is not in the file stays."
)
STOPS_MAIL_AGREED = "Update them anyway"
SET_BY_OWNERS = "People set their own password: nobody ever sees the generated ones"
SET_BY_OWNERS_HELP = "There is nothing to download or hand over. When the run has ended, *Send links* is the next step."
AGREE = "Agree to that to start."


@dataclass(frozen=True, slots=True)
class DomainFigures:
    """The mailboxes of one domain: now, new, changed, and after the run.

    A domain whose list could not be read has None for `now` and `after`.
    """

    domain: str
    now: int | None
    new: int
    changed: int

    @property
    def after(self) -> int | None:
        """Return the number of mailboxes once every row has succeeded."""
        return None if self.now is None else self.now + self.new


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The figures of one import before it starts.

    `creates` maps domain to mailboxes to create; `existing` maps domain to mailboxes there now and lacks a domain whose
    list could not be read; `updates` maps domain to mailboxes that will change. `unchanged` rows equal the present
    state, `replaced` ones give a new password to an existing mailbox, `kept_here` ones change a recovery email only.
    `stop_mail` mailboxes hold more than their new quota. `behind_seconds` is the time that runs ahead add to `seconds`.
    """

    file_name: str
    rows: int
    creates: Mapping[str, int]
    existing: Mapping[str, int] = field(default_factory=dict)
    exist: int = 0
    invalid: int = 0
    duplicates: int = 0
    unticked: int = 0
    need_password: int = 0
    generated: int = 0
    seconds: float = 0.0
    behind_seconds: float = 0.0
    per_minute: int = 20
    updates: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    replaced: int = 0
    kept_here: int = 0
    stop_mail: int = 0

    @property
    def new(self) -> int:
        """Return the number of mailboxes that will be created."""
        return sum(self.creates.values())

    @property
    def changed(self) -> int:
        """Return the number of mailboxes that will be changed."""
        return sum(self.updates.values())

    @property
    def mailboxes(self) -> int:
        """Return the number of mailboxes that will be created or changed."""
        return self.new + self.changed

    @property
    def not_included(self) -> int:
        """Return the number of rows that have a reason not to be sent."""
        return self.exist + self.invalid + self.duplicates + self.unticked + self.need_password

    @property
    def can_be_fixed(self) -> bool:
        """Return whether a row is left out that no person excluded."""
        return self.not_included > self.unticked

    @property
    def domains(self) -> tuple[DomainFigures, ...]:
        """Return the figures domain by domain, sorted."""
        return tuple(
            DomainFigures(name, self.existing.get(name), self.creates.get(name, 0), self.updates.get(name, 0))
            for name in sorted({*self.creates, *self.updates})
        )


def time(figures: Confirmation) -> str:
    """Say how long the run takes; rows that are kept here take no time."""
    return duration(figures.seconds) if figures.mailboxes > figures.kept_here else "At once"


def details(figures: Confirmation) -> str:
    """Say what the figures do not: source, rate limit, generated passwords. Parts that are zero are left out."""
    source = f"{figures.file_name}, {count(figures.rows, 'row')}."
    if not figures.file_name:
        source = f"{count(figures.rows, 'row')} added manually."
    said = [source]
    if figures.unchanged:
        said.append(nothing_to_change(figures.unchanged))
    if figures.generated:
        said.append(f"{count(figures.generated, 'password')} generated.")
    if figures.kept_here:
        which = "only changes a recovery email" if figures.kept_here == 1 else "only change a recovery email"
        said.append(f"{count(figures.kept_here, 'row')} {which}, which is kept here and costs no write.")
    if figures.mailboxes > figures.kept_here:
        said.append(f"MXroute allows {figures.per_minute} changes a minute{_behind(figures)}.")
    return " ".join([*said, "You can close this tab."])


def stops_mail(mailboxes: int) -> str:
    """Warn that mailboxes hold more than their new quota, so that no new mail fits."""
    if mailboxes == 1:
        return "1 mailbox would stop receiving mail: it holds more than its new quota."
    return f"{mailboxes:,} mailboxes would stop receiving mail: they hold more than their new quota."


def left_out(figures: Confirmation) -> str:
    """Say which rows are not included; blank when all are."""
    parts = [
        (figures.invalid, "has errors", "have errors"),
        (figures.duplicates, "is a duplicate", "are duplicates"),
        (figures.need_password, "needs a password", "need a password"),
        (figures.exist, "already exists", "already exist"),
        (figures.unticked, "is excluded", "are excluded"),
    ]
    said = [(number, one if number == 1 else many) for number, one, many in parts if number]
    if not said:
        return ""
    (first, what), *others = said
    rows = listed([f"{count(first, 'row')} {what}", *(f"{number:,} {what}" for number, what in others)])
    if not figures.can_be_fixed:
        return f"{rows}."
    return f"{rows}. {'It stays' if figures.not_included == 1 else 'They stay'} in a draft, to fix after the run."


def to_do(creates: int, updates: int) -> str:
    """Say what a run will do, without a full stop: `Create 213 mailboxes and update 12`."""
    if not updates:
        return f"Create {count(creates, 'mailbox', 'mailboxes')}"
    if not creates:
        return f"Update {count(updates, 'mailbox', 'mailboxes')}"
    return f"Create {count(creates, 'mailbox', 'mailboxes')} and update {updates:,}"


def nothing_to_change(rows: int) -> str:
    """Say that no row would change anything at MXroute."""
    return f"Nothing to change: {count(rows, 'row')} as MXroute has {'it' if rows == 1 else 'them'}."


def nothing_to_import(exist: int) -> str:
    """Say that no row is ready.

    `exist` is the number of rows if all of them exist, else 0.
    """
    if not exist:
        return "Nothing to import yet."
    return "It exists: update it?" if exist == 1 else f"All {exist:,} exist: update them?"


def replaces_passwords(mailboxes: int) -> str:
    """Warn that existing mailboxes get another password.

    Their users are locked out until they learn the new password.
    """
    if mailboxes == 1:
        return "1 password of an existing mailbox will be replaced."
    return f"{mailboxes:,} passwords of existing mailboxes will be replaced."


def _behind(figures: Confirmation) -> str:
    if not figures.behind_seconds:
        return ""
    minutes = whole_minutes(figures.behind_seconds)
    same_unit = max(minutes, whole_minutes(figures.seconds)) < 60  # which has just been named
    more = str(minutes) if same_unit else duration(figures.behind_seconds)
    return f" ({more} more behind another run)"


def imported_before(
    file_name: str, domains: Sequence[str], operator: str, at: float, run: int, created: int, now: float | None = None,
    updated: int = 0,
) -> str:  # fmt: skip
    """Say that the same file was imported before.

    `domains` is empty for a run that changed nothing.
    """
    into = f" into {listed(domains, most=4, noun='more domains')}" if domains else ""
    did = [f"{created:,} created"] * bool(created or not updated) + [f"{updated:,} updated"] * bool(updated)
    return f"{file_name} was imported{into} by {operator} on {day(at, now)} (run {run}, {', '.join(did)})."


def same_import(run: int) -> str:
    """Say that another tab or program started the same import meanwhile."""
    return f"Run {run} imports the same rows. It was started while this question was open."


def not_checked(domain: str) -> str:
    """Warn that a domain's list could not be read.

    It is only a warning, since MXroute itself refuses a second mailbox of the same name.
    """
    return f"Could not check {domain} for existing mailboxes; one that exists will be skipped."


def changed_meanwhile(rows: int, verdict_now: str) -> str:
    """Say that rows are no longer ready after the lists were read again."""
    were = "row was" if rows == 1 else "rows were"
    return f"{rows:,} {were} ready and now {'is' if rows == 1 else 'are'} otherwise ({verdict(verdict_now)}); left out."


def differs_meanwhile(mailboxes: int, address: str, was: str, now: str) -> str:
    """Say that rows now change something other than was shown.

    The lists were read again since. `address`, `was` and `now` belong to the first of these rows.
    """
    others = f"{count(mailboxes, 'mailbox', 'mailboxes')} changed at MXroute meanwhile"
    return f"{others}: {address}, {was or 'new'}, is now {now or 'new'}."


def rechecked(changes: Sequence[str], unread: Sequence[str]) -> str:
    """Say what changed when the lists of a preview were read again.

    `unread` names the domains whose list could not be read.
    """
    sentence = f"{listed(unread)} could not be read from MXroute just now: what is shown is by the list before."
    said = [sentence] if unread else []
    if changes or not unread:
        said.append("Read from MXroute again: " + (" ".join(changes) or "nothing changed."))
    return " ".join(said)


def some_domain(client: str) -> str:
    """Return the words for a domain of a client that the reader may not know."""
    return f"A domain of {client}"


def start_waits(domain: str) -> str:
    """Say that a domain's list could not be read right before the start."""
    return f"{domain} could not be read from MXroute just now. The start waits for MXroute: try again in a minute."
