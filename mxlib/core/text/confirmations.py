"""Texts of the question before an import starts, with its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mxlib.core.format import count, day, duration, listed, whole_minutes
from mxlib.core.text.labels import verdict

GENERATING = "For new mailboxes without a password; those that exist keep theirs."
UPDATING = (
    "Skip leaves existing mailboxes as they are. Update changes what a row gives: a blank cell keeps what there is, "
    "a dash as recovery email removes it, and a mailbox that is not in the file stays."
)
#: Most domains that a confirmation names.
_MAX_DOMAINS = 10


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The figures of one import before it starts.

    `creates` maps domain to mailboxes to create; `existing` maps domain to mailboxes there now and lacks a domain whose
    list could not be read; `updates` maps domain to mailboxes that will change. `unchanged` rows equal the present
    state, `replaced` ones give a new password to an existing mailbox, `kept_here` ones change a recovery email only.
    `behind_seconds` is the time that runs ahead add to `seconds`.
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
    readable_until: float = 0.0
    seconds: float = 0.0
    behind_seconds: float = 0.0
    per_minute: int = 20
    updates: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    replaced: int = 0
    kept_here: int = 0

    @property
    def mailboxes(self) -> int:
        """Return the number of mailboxes that will be created or changed."""
        return sum(self.creates.values()) + sum(self.updates.values())


@dataclass(frozen=True, slots=True)
class Question:
    """A question in three parts; `loud` is what locks people out, mostly blank."""

    start: str
    loud: str = ""
    end: str = ""

    def __str__(self) -> str:
        """Return the whole question."""
        return " ".join(filter(None, (self.start, self.loud, self.end)))


def confirm(figures: Confirmation) -> Question:
    """Return the question that is asked before anything is sent.

    Parts that are zero are left out.
    """
    left_out = [
        (figures.exist, "already exists", "already exist"),
        (figures.invalid, "invalid", "invalid"),
        (figures.duplicates, "duplicate", "duplicates"),
        (figures.unticked, "unticked", "unticked"),
        (figures.need_password, "needs a password", "need a password"),
    ]
    omitted = ", ".join(count(number, one, many) for number, one, many in left_out if number)
    source = f"{figures.file_name}, {count(figures.rows, 'row')}"
    if not figures.file_name:
        source = f"{count(figures.rows, 'row')} added by hand"
    asked = [f"unchanged: {figures.unchanged:,}"] * bool(figures.unchanged) + [f"left out: {omitted}"] * bool(omitted)
    rows = f"{'; '.join([source, *asked])}."
    if not figures.mailboxes:
        return Question(f"Nothing to {'change' if figures.unchanged else 'create'}. {rows}")
    creates, updates = sum(figures.creates.values()), sum(figures.updates.values())
    loud = replaces_passwords(figures.replaced) if figures.replaced else ""
    sentences = [rows]
    if figures.generated:
        passwords = count(figures.generated, "password")
        sentences.append(f"{passwords} generated, readable until {day(figures.readable_until)}.")
    if figures.kept_here:
        which = "only changes a recovery email" if figures.kept_here == 1 else "only change a recovery email"
        sentences.append(f"{count(figures.kept_here, 'row')} {which}, which is kept here and costs no write.")
    if figures.mailboxes > figures.kept_here:
        sentences.append(
            f"About {duration(figures.seconds)} at MXroute's limit of {figures.per_minute} a minute{_behind(figures)}."
        )
    end = " ".join([*sentences, "You may close this tab."])
    return Question(f"{to_do(creates, updates)}? {_domains(figures)}.", loud, end)


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


def replaces_passwords(mailboxes: int) -> str:
    """Warn that existing mailboxes get another password.

    Their users are locked out until they learn the new password.
    """
    if mailboxes == 1:
        return "1 password of an existing mailbox will be replaced."
    return f"{mailboxes:,} passwords of existing mailboxes will be replaced."


def _domains(figures: Confirmation) -> str:
    """Describe what will happen in each domain.

    Beyond ten domains the last ones are summed up, so that the text after them stays in sight.
    """
    names = sorted({*figures.creates, *figures.updates})
    shown = names if len(names) <= _MAX_DOMAINS else names[: _MAX_DOMAINS - 1]
    text = ", ".join(_there(figures, name) for name in shown)
    if not (rest := names[len(shown) :]):
        return text
    mailboxes = sum(figures.creates.get(name, 0) + figures.updates.get(name, 0) for name in rest)
    return f"{text} and {len(rest):,} more domains with {count(mailboxes, 'mailbox', 'mailboxes')}"


def _there(figures: Confirmation, domain: str) -> str:
    """Describe what will happen in one domain: `clienta.nl 201 (14 now)`.

    With updates it is `clienta.nl 201 new and 12 changed (14 now)`.
    """
    new, changed = figures.creates.get(domain, 0), figures.updates.get(domain, 0)
    figure = f"{new:,}"
    if figures.updates:
        figure = listed([f"{new:,} new"] * bool(new) + [f"{changed:,} changed"] * bool(changed))
    return f"{domain} {figure} ({_now(figures, domain)})"


def _behind(figures: Confirmation) -> str:
    if not figures.behind_seconds:
        return ""
    minutes = whole_minutes(figures.behind_seconds)
    same_unit = max(minutes, whole_minutes(figures.seconds)) < 60  # which has just been named
    more = str(minutes) if same_unit else duration(figures.behind_seconds)
    return f" ({more} more behind another run)"


def _now(figures: Confirmation, domain: str) -> str:
    return f"{figures.existing[domain]:,} now" if domain in figures.existing else "not checked"


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


def start_waits(domain: str) -> str:
    """Say that a domain's list could not be read right before the start."""
    return f"{domain} could not be read from MXroute just now. Start waits for MXroute: try again in a minute."
