"""Sentences that pages, API, command line and results share: one home, functions of figures.

What is wrong with a single row is said in `reasons`. All times are Unix seconds, told in the server's local time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from mxlib.core.format import age, clock_time, count, day, duration, listed, moment, quoted, readable
from mxlib.core.mapping.secret_cells import masked, masked_header
from mxlib.core.vocabulary import RunKind, Verdict

_VERDICTS = {
    Verdict.READY: "Ready",
    Verdict.NEEDS_PASSWORD: "Needs password",
    Verdict.DUPLICATE: "Duplicate",
    Verdict.EXISTS: "Already exists",
    Verdict.INVALID: "Invalid",
}

#: Rows that are ready and whose mailbox exists.
_UPDATES = {"update": "Update", "unchanged": "No change"}

_KINDS = {RunKind.IMPORT: "Import", RunKind.CHANGE: "Change", RunKind.DELETE: "Deletion", RunKind.UNDO: "Undo"}

#: Outcomes that end a row, in the order in which their counts are told.
_ENDS = ("created", "updated", "unchanged", "deleted", "skipped", "failed", "not_attempted")

KEY_REFUSED = "MXroute refused the API key. Correct MX_API_KEY, restart, then Resume."
SILENT_TOO_LONG = "No answer for 2 hours. Resume when MXroute is back."
DISK_FULL = "The disk of this server is full. Free space: runs then go on by themselves."
DISK_ERROR = (
    "The disk of this server fails: it cannot be read or written (input/output error). Check the disk, or the share, "
    "that MXM_DATA_DIR is on; runs then go on by themselves."
)
DISK_READ_ONLY = (
    "The database of this server cannot be written: MXM_DATA_DIR is read-only, or belongs to another user. Make it "
    "writable; runs then go on by themselves."
)
DATABASE_LOCKED = "Another program holds the database of this server. Close it; runs then go on by themselves."
DATABASE_DAMAGED = (
    "The database of this server is damaged. Stop MXM, and restore the last backup as docs/backup.md describes."
)
SENT_ELSEWHERE = (
    "Another MXM works with this data folder, and only that one sends to MXroute. Make the change there, or stop it."
)
NOTED_ELSEWHERE = "MXroute did it. Another MXM works with this data folder by now, and notes it there."
OUT_OF_FILES = (
    "This server has no room for another open file. Raise its limit (ulimit -n, LimitNOFILE), and restart it; runs "
    "go on by themselves."
)
NO_LOCKS = (
    "The file system of MXM_DATA_DIR cannot lock files, so two MXM could work there at once. Put it on a local disk."
)
EMPTY_BESIDE_KEY = (
    "mxm.sqlite3 in MXM_DATA_DIR is empty, and mxm.key beside it is not new: the database was lost. Bring it back from "
    "a backup, or delete both files to begin with nothing."
)
LOG_MISSING = (
    "mxm.sqlite3-wal in MXM_DATA_DIR is missing, and with it what was written last: mxm.sqlite3-shm is there. Bring "
    "it back, or delete mxm.sqlite3-shm to go on without it."
)
LOCK_DAMAGED = (
    "mxm.lock in MXM_DATA_DIR is no lock of MXM. Make sure that no MXM works there, delete mxm.lock, and start again."
)
KEY_DAMAGED = (
    "mxm.key in MXM_DATA_DIR is no key of MXM (64 hexadecimal digits). Bring it back from where you keep a copy, or "
    "set MXM_SECRET_KEY; MXM makes no new key over it."
)


def store_failed(why: str) -> str:
    """That the database does not work for another reason."""
    return f"The database of this server does not work ({why}). Fix that; runs then go on by themselves."


def is_a_folder(name: str) -> str:
    """That something else is where a file has to be."""
    return f"{name} in MXM_DATA_DIR is not a file. Move it away, and bring the file back if there was one."


def newer_database(theirs: str, ours: str) -> str:
    """That the database is of a newer program."""
    return (
        f"The database in MXM_DATA_DIR is of a newer MXM (schema {theirs}; this one knows {ours}). Start the newer "
        "MXM, or restore a backup of before."
    )


LIVES_HERE = "This run lives on this computer: keep it awake. After a sleep it goes on by itself."
CSV_CALCULATES = (
    "The CSV is for programs: a spreadsheet calculates cells of it that start with =, +, - or @, passwords included. "
    "Open the Excel file there."
)
GENERATING = "For new mailboxes without a password; those that exist keep theirs."
UPDATING = (
    "Skip leaves existing mailboxes as they are. Update changes what a row gives: a blank cell keeps what there is, "
    "a dash as recovery email removes it, and a mailbox that is not in the file stays."
)
NOT_ANSWERING = "MXroute does not answer."


def verdict(value: str) -> str:
    """The label of a verdict: `Needs password`."""
    return _VERDICTS[Verdict(value)]


def kind(value: str) -> str:
    """The label of a row in the preview: that of its verdict, or `Update` and `No change`."""
    return _UPDATES.get(value) or verdict(value)


def outcome(value: str) -> str:
    """The label of an outcome: `Not attempted`."""
    return value.replace("_", " ").capitalize()


def run_kind(kind: str) -> str:
    """What a run is for, as a label: `Import`."""
    return _KINDS[RunKind(kind)]


def run_title(kind: str, file_name: str, rows: int, undo_of: int | None = None) -> str:
    """What a run is about: `staff.xlsx`, `Delete mailboxes (12 mailboxes)`, `undo of run 41 (staff.xlsx)`."""
    match RunKind(kind):
        case RunKind.CHANGE | RunKind.DELETE:
            return f"{file_name or run_kind(kind)} ({count(rows, 'mailbox', 'mailboxes')})"
        case RunKind.UNDO:
            return f"undo of run {undo_of}" + (f" ({file_name})" if file_name else "")
        case RunKind.IMPORT:
            return file_name or "rows added by hand"


#: Domains that a confirmation names.
_DOMAINS_TOLD = 10


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The figures of one import before it starts.

    `creates` maps domain to mailboxes to create; `existing` maps domain to mailboxes there now and lacks a domain whose
    list could not be had, and what is there in `uncounted` ones is not told; `updates` maps domain to mailboxes that
    will change. `unchanged` rows ask for what there is, `replaced` ones give a new password to a mailbox that exists,
    `kept_here` ones change a recovery email only. `behind_seconds` is what other runs ahead add to `seconds`.
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
    uncounted: frozenset[str] = frozenset()

    @property
    def mailboxes(self) -> int:
        """How many mailboxes will be created or changed."""
        return sum(self.creates.values()) + sum(self.updates.values())


def confirm(figures: Confirmation) -> str:
    """What is asked before anything is sent; parts that are zero are left out."""
    left_out = [
        (figures.exist, "already exists", "already exist"),
        (figures.invalid, "invalid", "invalid"),
        (figures.duplicates, "duplicate", "duplicates"),
        (figures.unticked, "unticked", "unticked"),
        (figures.need_password, "needs a password", "need a password"),
    ]
    told = ", ".join(count(number, one, many) for number, one, many in left_out if number)
    source = f"{figures.file_name}, {count(figures.rows, 'row')}"
    if not figures.file_name:
        source = f"{count(figures.rows, 'row')} added by hand"
    asked = [f"unchanged: {figures.unchanged:,}"] * bool(figures.unchanged) + [f"left out: {told}"] * bool(told)
    rows = f"{'; '.join([source, *asked])}."
    if not figures.mailboxes:
        return f"Nothing to {'change' if figures.unchanged else 'create'}. {rows}"
    creates, updates = sum(figures.creates.values()), sum(figures.updates.values())
    sentences = [f"{to_do(creates, updates)}?", f"{_domains(figures)}."]
    if figures.replaced:
        sentences.append(replaces_passwords(figures.replaced))
    sentences.append(rows)
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
    return " ".join([*sentences, "You may close this tab."])


def to_do(creates: int, updates: int) -> str:
    """What a run will do: `Create 213 mailboxes and update 12`, without a full stop."""
    if not updates:
        return f"Create {count(creates, 'mailbox', 'mailboxes')}"
    if not creates:
        return f"Update {count(updates, 'mailbox', 'mailboxes')}"
    return f"Create {count(creates, 'mailbox', 'mailboxes')} and update {updates:,}"


def nothing_to_change(rows: int) -> str:
    """That every row that could be sent asks for what there is."""
    return f"Nothing to change: {count(rows, 'row')} as MXroute has {'it' if rows == 1 else 'them'}."


def replaces_passwords(mailboxes: int) -> str:
    """That mailboxes which are in use get another password: whoever uses one is locked out until told."""
    if mailboxes == 1:
        return "1 password of an existing mailbox will be replaced."
    return f"{mailboxes:,} passwords of existing mailboxes will be replaced."


def _domains(figures: Confirmation) -> str:
    """What will happen in each domain; beyond ten the last ones together, so that what follows stays in sight."""
    names = sorted({*figures.creates, *figures.updates})
    shown = names if len(names) <= _DOMAINS_TOLD else names[: _DOMAINS_TOLD - 1]
    told = ", ".join(_there(figures, name) for name in shown)
    if not (rest := names[len(shown) :]):
        return told
    mailboxes = sum(figures.creates.get(name, 0) + figures.updates.get(name, 0) for name in rest)
    return f"{told} and {len(rest):,} more domains with {count(mailboxes, 'mailbox', 'mailboxes')}"


def _there(figures: Confirmation, domain: str) -> str:
    """What will happen in one domain: `clienta.nl 201 (14 now)`, or `clienta.nl 201 new and 12 changed (14 now)`."""
    new, changed = figures.creates.get(domain, 0), figures.updates.get(domain, 0)
    figure = f"{new:,}"
    if figures.updates:
        figure = listed([f"{new:,} new"] * bool(new) + [f"{changed:,} changed"] * bool(changed))
    return f"{domain} {figure}" + ("" if domain in figures.uncounted else f" ({_now(figures, domain)})")


def _behind(figures: Confirmation) -> str:
    if not figures.behind_seconds:
        return ""
    more = duration(figures.behind_seconds)
    if "hour" not in more + duration(figures.seconds):
        more = more.split()[0]  # the unit has just been named
    return f" ({more} more behind another run)"


def _now(figures: Confirmation, domain: str) -> str:
    return f"{figures.existing[domain]:,} now" if domain in figures.existing else "not checked"


def imported_before(
    file_name: str, domains: Sequence[str], operator: str, at: float, run: int, created: int, now: float | None = None,
    updated: int = 0,
) -> str:  # fmt: skip
    """That the same file was imported once before; a run that changed nothing has no domains."""
    into = f" into {listed(domains, most=4, noun='more domains')}" if domains else ""
    did = [f"{created:,} created"] * bool(created or not updated) + [f"{updated:,} updated"] * bool(updated)
    return f"{file_name} was imported{into} by {operator} on {day(at, now)} (run {run}, {', '.join(did)})."


DRAFT_CHANGED_ELSEWHERE = (
    "Another tab has changed this draft since. What you change here is not kept: choose whose rows to go on with. "
    "Both stay: the other ones wait as a draft on the import page."
)


def same_import(run: int) -> str:
    """That another tab or program started the same import meanwhile."""
    return f"Run {run} imports the same rows. It was started while this question was open."


def counted(counts: Mapping[str, int]) -> str:
    """`84 created, 1 skipped, 1 failed`: the outcomes that end a row, without the zeros."""
    return ", ".join(f"{counts[end]:,} {outcome(end).lower()}" for end in _ENDS if counts.get(end))


def running(counts: Mapping[str, int], total: int, done_at: float | None = None) -> str:
    """How far a run is; `counts` by outcome, `total` the rows that it counts towards."""
    told = counted(counts)
    decided = sum(counts.get(end, 0) for end in _ENDS)
    progress = f"{decided:,} of {total:,}" + (f": {told}." if told else ".")
    return progress if done_at is None else f"{progress} Done about {clock_time(done_at)}."


def waiting(seconds: float) -> str:
    """That the host's limit holds the next row back."""
    return f"Waiting {max(1, round(seconds))} s for MXroute's limit. Nothing to do."


def host_silent(since: float, next_try_seconds: float, rows: int) -> str:
    """That the host does not answer, and what becomes of the run."""
    return (
        f"MXroute has not answered since {clock_time(since)}. "
        f"Next try in {max(0, round(next_try_seconds))} s; {_rows_wait(rows)}."
    )


def silent_since(since: float) -> str:
    """That the host does not answer, as monitors are told."""
    return f"MXroute has not answered since {clock_time(since)}. Runs wait, and go on by themselves when it does."


def queued(rows: int, behind: Sequence[int] = ()) -> str:
    """That another run writes to one of this run's domains."""
    if len(behind) > 1:
        runs = listed([str(number) for number in behind])
        return f"Runs {runs} come first: they write to the same domains. This one starts by itself; {_rows_wait(rows)}."
    who = f"Run {behind[0]}" if behind else "Another run"
    return f"{who} writes to the same domain. This one starts by itself when that ends; {_rows_wait(rows)}."


#: What is so until forgotten passwords are in no file any more.
PASSWORDS_ERASING = "Its passwords are forgotten and are being erased: a program that reads the database holds them up."


def finished(
    counts: Mapping[str, int],
    total: int,
    *,
    checked_at: float | None = None,
    differences: int = 0,
    difference: str = "",
    readable_until: float | None = None,
    downloaded: bool = False,
    handed_over: bool = False,
    locked: bool = False,
    erasing: bool = False,
) -> str:
    """What came of a run that is at an end; `difference` is the first one as a phrase: `limit 9600, not 500`."""
    rows = f"All {total:,} rows" if total != 1 else "The 1 row"
    sentences = [f"{rows} accounted for: {counted(counts)}."]
    if checked_at is not None:
        differ = f"{differences:,} {'differs' if differences == 1 else 'differ'}" if differences else "all as asked"
        example = f" ({difference})" if differences and difference else ""
        sentences.append(f"Checked against MXroute at {clock_time(checked_at)}: {differ}{example}.")
    if erasing:
        sentences.append(PASSWORDS_ERASING)
    elif handed_over:
        sentences.append("Passwords handed over; they are no longer kept here.")
    elif locked:
        sentences.append(
            "Its passwords can not be read: the server's key is another one. Bring that back, or reset them."
        )
    elif readable_until is not None:
        state = "downloaded" if downloaded else "not downloaded yet"
        sentences.append(f"Passwords {state}; readable until {day(readable_until)}.")
    return " ".join(sentences)


def paused(rows: int, reason: str) -> str:
    """That a run stands still, that nothing is lost, and the `reason` with what to do."""
    return f"Paused, {_rows_wait(rows)}: {reason}"


def plan_full(message: str) -> str:
    """Why a run paused when the host says that the plan is full."""
    return f"MXroute: '{readable(message, 200)}'. Raise the plan, then Resume."


def paused_by(operator: str) -> str:
    """Why a run paused when somebody pressed Pause."""
    return f"{operator} pressed Pause. Resume to go on."


def _rows_wait(rows: int) -> str:
    return f"{count(rows, 'row')} {'waits' if rows == 1 else 'wait'}, none is lost"


def undo(
    file_name: str, unused: int, *, hold_mail: int = 0, sent_today: int = 0, changed: int = 0, seconds: float,
    restored: int = 0, lasting: int = 0, gone: int = 0,
) -> str:  # fmt: skip
    """What is asked before a run is taken back.

    `restored` get their old quota or recovery email again; of `lasting` ones nothing can be put back.
    """
    kept = [
        (hold_mail, "holds mail", "hold mail"),
        (sent_today, "sent today", "sent today"),
        (changed, "was changed since", "were changed since"),
        (lasting, "has a new password, which can not be put back", "have new passwords, which can not be put back"),
    ]
    sentences = []
    if unused:
        sentences += [f"Delete {count(unused, 'unused mailbox', 'unused mailboxes')} made from {file_name}?"]
        sentences += ["This cannot be taken back."]
    if restored and unused:
        get = "1 that it changed gets its" if restored == 1 else f"{restored:,} that it changed get their"
        sentences.append(f"{get} old quota and recovery email again.")
    elif restored:
        boxes = count(restored, "mailbox", "mailboxes")
        sentences.append(f"Put quota and recovery email of {boxes} back to what {file_name} found?")
    if number := hold_mail + sent_today + changed + lasting:
        why = ", ".join(count(few, one, many) for few, one, many in kept if few)
        sentences.append(f"{number:,} {'is' if number == 1 else 'are'} kept: {why}.")
    if gone:
        sentences.append(f"{gone:,} {'is' if gone == 1 else 'are'} gone already.")
    if not unused + restored:
        return " ".join([f"Nothing of {file_name} can be taken back.", *sentences])
    sentences.append(f"Each is looked at again first. About {duration(seconds)}. Type {unused or restored}.")
    return " ".join(sentences)


def confirm_undo(typed: int, deletes: int) -> str:
    """That taking a run back was not confirmed, or by a number that is none any more."""
    boxes = count(typed, "mailbox", "mailboxes")
    return f"{boxes} would {'be deleted' if deletes else 'be put back'} now. Type {typed} to confirm."


def no_longer_allowed(run: int) -> str:
    """The permission is missing in a domain of a run that its operator had it in."""
    return f"Run {run} has mailboxes in domains where you may not do this today. Ask an admin for the permission."


def hidden_rows(rows: int) -> str:
    """Rows of a run that its reader may not see."""
    return f"{count(rows, 'row')} of other domains {'is' if rows == 1 else 'are'} not shown."


def undo_not_allowed(run: int) -> str:
    """What it takes to take a run back."""
    return (
        f"To take run {run} back you need the permission to delete in all its domains; whoever started it may also do "
        "so within 24 hours of its end. Ask an admin."
    )


#: What becomes of a mailbox that a run made, once that is taken back.
DELETED_IF_UNUSED = "deleted if still unused"


def put_back(*, quota: bool, recovery_email: bool) -> str:
    """What a mailbox gets again, for somebody who may not know what that is."""
    return f"{listed(['quota'] * quota + ['recovery email'] * recovery_email)} as before"


#: What the host's figures do not tell when a run is taken back.
SENT_TODAY_ONLY = (
    "MXroute counts what was sent today only: a mailbox that sent something before and holds no mail counts as unused."
)


def old_list(read_at: float, now: float, problem: str = NOT_ANSWERING) -> str:
    """That a list is the last good one, since `problem` (a whole sentence) kept the host's from coming."""
    return (
        f"{problem} This is the list of {moment(read_at, now)} ({age(now - read_at)} old). "
        "Preview works; Start waits for MXroute."
    )


def read_ago(read_at: float | None, now: float) -> str:
    """How old a list is."""
    return f"Read {age(now - read_at)} ago." if read_at is not None else "Not read yet."


def reading_lists(done: int, total: int, wait: float = 0.0) -> str:
    """How far the reading of many lists has come; `wait`: seconds for which the host's limit holds the next one."""
    told = f"Reading {done:,} of {total:,} domains from MXroute…"
    return told if wait < 1 else f"{told} Its limit of reads is reached: going on in {ceil(wait)} s. Nothing to do."


def not_exported(domains: Sequence[str]) -> str:
    """Domains of which a caller may not have the mailboxes in a file."""
    return f"Left out, since you may not export from {'it' if len(domains) == 1 else 'them'}: {listed(domains)}."


def export_lacks(domain: str, problem: str = NOT_ANSWERING) -> str:
    """A file of all domains that lacks one, since its list was never had."""
    return f"Not in this file: {domain}. {problem}"


def export_is_old(domain: str, read_at: float, now: float) -> str:
    """A file of all domains in which one is not of now."""
    return (
        f"{domain} is the list of {moment(read_at, now)} ({age(now - read_at)} old): MXroute did not give a newer one."
    )


def not_checked(domain: str) -> str:
    """That a domain's list could not be had: a warning, since the host itself refuses a second mailbox of a name."""
    return f"Could not check {domain} for existing mailboxes; one that exists will be skipped."


def changed_meanwhile(rows: int, verdict_now: str) -> str:
    """That rows which were ready are so no more, since the lists were read again."""
    were = "row was" if rows == 1 else "rows were"
    return f"{rows:,} {were} ready and now {'is' if rows == 1 else 'are'} otherwise ({verdict(verdict_now)}); left out."


def differs_meanwhile(mailboxes: int, address: str, was: str, now: str) -> str:
    """That rows change something else than was shown, since the lists were read again; `was` and `now` of the first."""
    others = f"{count(mailboxes, 'mailbox', 'mailboxes')} changed at MXroute meanwhile"
    return f"{others}: {address}, {was or 'new'}, is now {now or 'new'}."


def rechecked(changes: Sequence[str], unread: Sequence[str]) -> str:
    """What came of reading the lists of a preview again; `unread` are the domains whose list could not be had."""
    told = f"{listed(unread)} could not be read from MXroute just now: what is shown is by the list before."
    said = [told] if unread else []
    if changes or not unread:
        said.append("Read from MXroute again: " + (" ".join(changes) or "nothing changed."))
    return " ".join(said)


def start_waits(domain: str) -> str:
    """That a domain's list could not be read right before the start."""
    return f"{domain} could not be read from MXroute just now. Start waits for MXroute: try again in a minute."


def draft(file_name: str, rows: int, domains: Sequence[str], operator: str, seconds: float) -> str:
    """A draft that may be gone on with."""
    source = file_name or "Rows added by hand"
    into = f" for {listed(domains, most=4, noun='more domains')}" if domains else ""
    return f"{source}: {count(rows, 'row')}{into}, last mended {age(seconds)} ago by {operator}."


def hand_over_question(until: float) -> str:
    """What is asked before the passwords of a run are forgotten."""
    return (
        f"The passwords of this run are readable here until {day(until)}. "
        "Handed over forgets them at once, for good; the mailboxes stay as they are."
    )


def passwords_end_soon(run: int, file_name: str, until: float, now: float) -> str:
    """That a run's passwords are about to be forgotten."""
    source = f" ({file_name})" if file_name else ""
    return f"The passwords of run {run}{source} end {moment(until, now)}. Download or extend them."


def clock_jumped(since: float, at: float, until: float) -> str:
    """That the clock went far ahead, so that nothing is forgotten for now; all in Unix seconds."""
    return (
        f"The clock of this server went ahead by {age(at - since)}, or the server was off for so long. Until "
        f"{clock_time(until)} nothing is forgotten for its age. Check the time: an admin may confirm that it is right."
    )


#: The button that takes the clock to be right.
TIME_IS_RIGHT = "The time is right"


def file_empty() -> str:
    """A file without a byte, or of blanks only."""
    return "The file is empty."


def header_only() -> str:
    """A file whose header nothing follows."""
    return "The file has a header and no rows."


def open_quote(file_name: str, line: int) -> str:
    """A quote without its end; everything after it would be one cell."""
    return f"{file_name}: a quote opens in line {line} and never closes."


def no_address_column(found: Sequence[str]) -> str:
    """No column tells which mailbox a row is about; a first row of data, taken for the header, may hold a password."""
    names = ", ".join(readable(masked_header(name)) for name in found if name.strip())
    return "No column for usernames or addresses." + (f" Found: {names}." if names else "")


def columns_not_named(columns: int) -> str:
    """Pasted rows of which nobody can tell what their columns are."""
    return f"{columns} columns without a header. Put a line above that names them: username, password, quota."


def rows_pasted(rows: int, columns: Sequence[str]) -> str:
    """What became of pasted rows, and how their columns were taken."""
    back = "it" if rows == 1 else "them"
    return f"{count(rows, 'row')} added on top, read as {listed(columns)}. Undo takes {back} back."


def bulk_edited(changed: int, deleted: int) -> str:
    """What a bulk tool did."""
    if deleted:
        return f"{count(deleted, 'row')} deleted."
    return f"{count(changed, 'row')} changed." if changed else "Nothing to change in these rows."


def two_columns(first: str, second: str, meaning: str) -> str:
    """Two columns claim one meaning; `meaning` in the plural: `usernames`."""
    return f"Both {quoted(masked(first))} and {quoted(masked(second))} hold {meaning}. Remove or ignore one."


def not_a_table(what: str) -> str:
    """A file of another kind; `what` with its article: `a picture`."""
    return f"This is {what}, not a table: a CSV or .xlsx is needed."


def too_large(size: int, limit: int) -> str:
    """A file over the limit; both in bytes."""
    return f"{_megabytes(size)} MB; the limit is {_megabytes(limit)} MB."


def too_many_rows(rows: int, limit: int) -> str:
    """More rows than one import takes."""
    return f"{rows:,} rows; the limit is {limit:,}. Split the file."


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".removesuffix(".0")
