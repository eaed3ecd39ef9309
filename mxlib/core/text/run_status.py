"""Texts about the state of a run: progress, waits, pauses and its end."""

from collections.abc import Mapping, Sequence

from mxlib.core.format import clock_time, count, day, duration, listed, moment, readable
from mxlib.core.text.labels import outcome
from mxlib.core.vocabulary import Wish

#: Outcomes of a row whose mailbox is as the row asked.
_OF_MAILBOXES = {"created", "updated", "unchanged", "deleted"}
#: Outcomes that end a row, in the order in which their counts are shown.
_ENDS = ("created", "updated", "unchanged", "deleted", "skipped", "failed", "not_attempted")
_ASKED = {
    Wish.PAUSE: "Pause was pressed, and the server that sends this run has not paused it yet.",
    Wish.RESUME: "Resume was pressed, and the server that sends this run has not resumed it yet.",
    Wish.STOP: "Stop was pressed, and the server that sends this run has not stopped it yet.",
}
#: Addresses that are named before the rest is counted.
_NAMED = 5

KEY_REFUSED = "MXroute rejected the API key. Correct MX_API_KEY, restart, then Resume."
SILENT_TOO_LONG = "No answer for 2 hours. Resume when MXroute is back."
LIVES_HERE = "Keep this computer on. After sleep, the run resumes."


def counted(counts: Mapping[str, int]) -> str:
    """Count the outcomes that end a row, without zeros: `84 created, 1 failed`."""
    return ", ".join(f"{counts[end]:,} {outcome(end).lower()}" for end in _ENDS if counts.get(end))


def running(counts: Mapping[str, int], total: int, seconds: float | None = None) -> str:
    """Show the progress of a run, and the time left where it is known.

    `counts` are rows by outcome, and `total` is the number of rows that they count towards.
    """
    outcomes = counted(counts)
    decided = sum(counts.get(end, 0) for end in _ENDS)
    progress = f"{decided:,} of {total:,}" + (f": {outcomes}." if outcomes else ".")
    return progress if seconds is None else f"{progress} About {duration(seconds)} left."


def waiting(seconds: float) -> str:
    """Say that MXroute's rate limit delays the next row."""
    return f"Waiting {max(1, round(seconds))} s: MXroute allows 20 changes a minute."


def host_silent(since: float, next_try_seconds: float, rows: int) -> str:
    """Say that MXroute does not answer, and when the run tries again."""
    return (
        f"MXroute has not answered since {clock_time(since)}. "
        f"Next try in {max(0, round(next_try_seconds))} s; {_rows_wait(rows)}."
    )


def unanswered(seconds: float, rows: int) -> str:
    """Say that MXroute's latest answer failed; no end can be promised until it answers."""
    return f"MXroute is not answering ({max(1, round(seconds))} s). Trying again; {_rows_wait(rows)}."


def silent_since(since: float) -> str:
    """Say that MXroute does not answer, for monitors."""
    return f"MXroute has not answered since {clock_time(since)}. Runs wait, and go on by themselves when it does."


def queued(rows: int, behind: Sequence[int] = (), turn_at: float | None = None) -> str:
    """Say that another run writes to the same domain, and when this one's turn comes."""
    turn = "" if turn_at is None else f", about {clock_time(turn_at)}"
    if len(behind) > 1:
        runs = listed([str(number) for number in behind])
        first = f"Runs {runs} come first: they write to the same domains."
        return f"{first} This one starts by itself{turn}; {_rows_wait(rows)}."
    who = f"Run {behind[0]}" if behind else "Another run"
    return f"{who} writes to the same domain. This one starts by itself when that ends{turn}; {_rows_wait(rows)}."


def result(counts: Mapping[str, int]) -> str:
    """Say how many rows have each outcome, such as `60 mailboxes created. 1 row skipped`."""
    sentences = []
    for end in _ENDS:
        if number := counts.get(end, 0):
            rows = count(number, "mailbox", "mailboxes") if end in _OF_MAILBOXES else count(number, "row")
            sentences.append(f"{rows} {outcome(end).lower()}.")
    return " ".join(sentences) or "No row was sent."


#: Shown until the erased passwords are no longer in any file of the database.
PASSWORDS_ERASING = "MXM's copy of the passwords is being erased: a program that reads the database holds it up."


def finished(
    counts: Mapping[str, int],
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
    """Summarise a finished run.

    `difference` describes the first difference found: `limit is 9,600 instead of 500`.
    """
    sentences = [result(counts)]
    if checked_at is not None:
        checked = f"Checked against MXroute at {clock_time(checked_at)}"
        if differences:
            differ = f"{differences:,} {'differs' if differences == 1 else 'differ'}"
            first = ": " if differences == 1 else ", the first: "
            sentences.append(f"{checked}. {differ}{first + difference if difference else ''}.")
        else:
            sentences.append(f"{checked}: everything matches.")
    if erasing:
        sentences.append(PASSWORDS_ERASING)
    elif handed_over:
        sentences.append("MXM's copy of the passwords is erased.")
    elif locked:
        sentences.append(
            "Its passwords cannot be read: the server's key is another one. Bring that back, or reset them."
        )
    elif readable_until is not None:
        state = "downloaded" if downloaded else "not downloaded yet"
        sentences.append(f"Passwords {state}; MXM's copy is kept until {day(readable_until)}.")
    return " ".join(sentences)


def paused(rows: int, reason: str) -> str:
    """Say that a run is paused without loss; `reason` also says what to do."""
    return f"Paused: {reason} {_rows_wait(rows)}."


def plan_full(message: str) -> str:
    """Say that a run paused because MXroute reports a full plan."""
    return f"MXroute: '{readable(message, 200)}'. Raise the plan, then Resume."


def paused_by(operator: str) -> str:
    """Say that a run paused because an operator pressed Pause."""
    return f"{operator} pressed Pause. Resume to go on."


def asked(wish: Wish) -> str:
    """Say what the server that sends a run was asked for and has not done."""
    return _ASKED.get(wish, "")


def _rows_wait(rows: int) -> str:
    return f"{count(rows, 'row')} waiting, nothing lost"


def difference(name: str, has: int, asked: int) -> str:
    """Return what MXroute has instead of what was asked: `limit is 9,600 instead of 500`."""
    return f"{name} is {_figure(name, has)} instead of {_figure(name, asked)}"


def _figure(name: str, value: int) -> str:
    return "unlimited" if name == "quota" and not value else f"{value:,}{' MB' if name == 'quota' else ''}"


LETTERS_NOT_MADE = "This server is busy, and the letters took too long. Try again in a minute."


def no_passwords(run: int) -> str:
    """Say that there is nothing to hand over."""
    return f"Run {run} has no passwords to hand over: it made none, each was changed since, or MXM's copy is erased."


def all_marked(run: int) -> str:
    """Say that a file for people without a mark would be empty."""
    return f"Everyone of run {run} is marked as having their password. Take the file for everyone instead."


NO_LETTER = "No password of this run can be printed in a letter. Use Excel for mail merge instead."


def not_handed_over(
    without_name: Sequence[str], left_out: Sequence[str], changed: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say which letters lack a name, who has no letter, and whose password changed."""
    found = []
    if changed:
        names = listed(sorted(changed), most=_NAMED, noun="more")
        found.append(
            f"All these files leave out {names}: the password was changed after this run, or the mailbox deleted."
        )
    if without_name:
        names = listed(sorted(without_name), most=_NAMED, noun="more")
        found.append(f"Names in an alphabet that letters cannot print are left out of the letters of {names}.")
    if left_out:
        names = listed(sorted(left_out), most=_NAMED, noun="more")
        found.append(f"No letter for {names}: the password has characters that cannot be printed.")
    return tuple(found)


def too_many_letters(found: int, most: int) -> str:
    """Say that one file of letters would be too large."""
    return f"{found:,} letters are more than the {most:,} of one file. Use Excel for mail merge instead."


def no_longer_allowed(run: int) -> str:
    """Say that a permission is missing in one of a run's domains.

    Its operator had that permission when the run started.
    """
    return f"Run {run} has mailboxes in domains where you may not do this today. Ask an admin for the permission."


def hidden_rows(rows: int) -> str:
    """Say how many rows of a run the caller may not see."""
    return f"{count(rows, 'row')} of other domains {'is' if rows == 1 else 'are'} not shown."


ERASE_PASSWORDS = "Erase MXM's copy of the passwords"


def erase_question(until: float) -> str:
    """Return the question before MXM's copy of the passwords of a run is erased."""
    return (
        f"MXM's copy of the passwords is kept until {day(until)}. "
        "Erasing it cannot be undone. The mailboxes' passwords keep working."
    )


def passwords_end_soon(run: int, file_name: str, until: float, now: float) -> str:
    """Warn that a run's passwords will be erased soon."""
    source = f" ({file_name})" if file_name else ""
    return f"The passwords of run {run}{source} end {moment(until, now)}. Download or extend them."
