"""Texts of the findings of a row: why it cannot be sent, or what to check.

They are defined only here, so that the wording is the same everywhere.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import addresses, arrow_text
from mxlib.core.address_forms import holds_several
from mxlib.core.findings import STORED_CHANGES, SUGGESTING, Figures, FindingCode, FindingKind, Findings, kinds_of
from mxlib.core.format import count, listed, quoted, readable
from mxlib.core.mapping.secret_cells import hides_one
from mxlib.core.schema import MAX_SENDS_PER_DAY, MAX_TEXT_LENGTH, MEANINGS, Column
from mxlib.core.text.confirmations import not_checked
from mxlib.core.text.labels import verdict
from mxlib.core.vocabulary import Verdict

NEEDS_PASSWORD = "Type one, or tick Generate secure passwords."  # noqa: S105 - a sentence, not a secret
NO_PASSWORD = "A new mailbox needs a password."  # noqa: S105 - a sentence, not a secret
EXISTS = "Skipped. To change it, choose Update existing."
UNTICKED = "Unticked in the preview."
LIMIT = f"Limit: 0 to {MAX_SENDS_PER_DAY}."
PASSWORD_ELSEWHERE = "A password seems to stand outside the password column: move it there."  # noqa: S105
RECOVERS_ITSELF = "The recovery email is this mailbox; use another."
NO_DOMAIN = "No domain: type one, or write the whole address as username."
BLANK_AT_AN_END = "The password starts or ends with a blank; remove it."
UNTYPABLE = "The password has an invisible character in it, which nobody can type; remove it."
PASSWORD_HASH = (
    "The password looks like a hash of another system, not like what the person types: "  # noqa: S105
    "write the password itself, or leave it blank."
)
MAILBOX_LOCKED = "The mailbox is locked, and refuses every new password: leave the password blank, or unlock it first."
ODD_BLANK = "The password has a blank in it that no keyboard types: check it."
TWO_ADDRESSES = "There are two addresses in one cell: keep one."
NO_SPECIAL = "No special character: MXroute may refuse it."

FORMULA = "The password starts like a formula: open the results as Excel, since a CSV would calculate it."

#: What a password may lack, in the order in which it is shown; `passwords.scan` numbers its bits in this order.
NEEDS = ("8 characters", "a capital", "a small letter", "a digit")

#: Digits of a quota in MB; one with more is probably in bytes.
_DIGITS_OF_MEGABYTES = 9

_NOT_SO = "use a-z, 0-9, dot, dash and underscore."


def alone(kind: Verdict, sentence: str) -> str:
    """Return the sentence of a verdict, with its label in front.

    It is for places that do not show the label next to the sentence.
    """
    return f"{verdict(kind)}. {sentence}"


def username(name: str, meant: str = "") -> str:
    """Say what is wrong with an invalid username.

    `name` is in lower case, without blanks around it. `meant` is the suggested one, blank without a suggestion.
    """
    if not name:
        return "No username: type one."
    if hides_one(name):
        return PASSWORD_ELSEWHERE
    if holds_several(name):
        return TWO_ADDRESSES
    if alphabet := addresses.foreign_letter(name):
        letter, script = alphabet
        return f"{quoted(name)} has {quoted(letter)}, a {script} letter that only looks like a Latin one: type that."
    return f"{quoted(name)} {_trouble(name)}; {f'try {meant}.' if meant else _NOT_SO}"


def _trouble(name: str) -> str:
    if len(name) > addresses.MAX_USERNAME_LENGTH:
        return f"is longer than {addresses.MAX_USERNAME_LENGTH} characters"
    sign = next((sign for sign in name if not (sign.isascii() and (sign.isalnum() or sign in "._-"))), "")
    if sign:
        if sign.isspace():
            return "has a space"
        if sign == "@":
            return "has an @ in the wrong place"
        if sign in "'’":
            return "has an apostrophe"
        return f"has {quoted(sign)}" if sign.isprintable() else "has an invisible character"
    if ".." in name:
        return "has two dots in a row"
    return "ends with a dot" if name.endswith(".") and name[0].isalnum() else "must start with a letter or a digit"


def too_long(column: str) -> str:
    """Say that a cell is too long for the meaning of its column."""
    return f"The {MEANINGS[column].noun} has over {MEANINGS[column].max_length:,} characters: shorten it."


def text_too_long(name: str) -> str:
    """Say that a cell is longer than a spreadsheet can hold.

    The column has no meaning for MXM.
    """
    return f"The cell in {quoted(name)} has over {MAX_TEXT_LENGTH:,} characters: shorten it in the file."


def domain(name: str, meant: str = "") -> str:
    """Say what is wrong with a domain that is not on the account.

    `meant` is the suggested one.
    """
    if not name:
        return NO_DOMAIN
    if hides_one(name):
        return PASSWORD_ELSEWHERE
    if not addresses.is_domain(name):
        return f"{quoted(name)} is no domain; write it like example.com."
    advice = f"Did you mean {meant}?" if meant else "Add it there, then Refresh."
    return f"{readable(name, 80)} is not on this MXroute account. {advice}"


def disagreement(in_name: str, in_column: str) -> str:
    """Say that the address and the domain column name different domains."""
    if hides_one(in_name + in_column):
        return PASSWORD_ELSEWHERE
    return f"The address says {readable(in_name)}, the domain column {readable(in_column)}. Keep one."


def password(lacking: int) -> str:
    """Say what a password needs; bit n of `lacking` is for NEEDS[n]."""
    needs = listed([need for bit, need in enumerate(NEEDS) if lacking >> bit & 1])
    return f"The password needs {needs}." if needs else ""


def quota(cell: str) -> str:
    """Say that a quota cannot be read."""
    if hides_one(cell):
        return PASSWORD_ELSEWHERE
    perhaps = " looks like bytes" if sum(map(str.isdigit, cell)) > _DIGITS_OF_MEGABYTES else ""
    return f"Quota {quoted(cell)}{perhaps}: write 1024 or 1 GB."


def recovery_email(cell: str, meant: str = "") -> str:
    """Say that a recovery email is not an address; `meant` is the one suggested."""
    if hides_one(cell):
        return PASSWORD_ELSEWHERE
    if holds_several(cell):
        return TWO_ADDRESSES
    advice = f"try {quoted(meant)}" if meant else "write it like name@example.com"
    return f"Recovery email {quoted(cell)} is no address; {advice}."


def mistyped_recovery_email(email: str, meant: str) -> str:
    """Warn that the recovery email is one typing error away from a large provider."""
    return f"Recovery email {quoted(email)}: did you mean {quoted(meant)}?"


def full_name(cell: str) -> str:
    """Say what is wrong with a name that cannot be read as it is."""
    if hides_one(cell):
        return PASSWORD_ELSEWHERE
    return "The full name has a line break or another character that no page shows; remove it."


def name_damaged(cell: str) -> str:
    """Warn that a name has lost letters on its way into the file."""
    return f"The full name {quoted(cell)} has lost a letter in the file: check name and username."


def duplicate(line: int) -> str:
    """Say that an earlier row has the same address.

    `line` is that of the earlier row, 0 for a row added manually.
    """
    where = f"line {line}" if line > 0 else "a row added manually"
    return f"Same address as {where}. Change one, or leave this one out."


def limit_ignored(asked: str) -> str:
    """Warn that MXroute gives every new mailbox its highest limit."""
    return f"MXroute will set limit {MAX_SENDS_PER_DAY}, not {asked}."


def limit_stays(had: int | None, asked: int) -> str:
    """Warn that a limit stays, since it is asked for without a password."""
    kept = f"keeps limit {had}" if had is not None else "keeps the limit"
    return f"MXroute {kept}, not {asked}: it changes one only together with a password."


def limit_uncertain(had: int | None, asked: int) -> str:
    """Warn that a limit may stay although it is asked for together with a password.

    MXroute sometimes honours such a limit.
    """
    kept = f"keep limit {had}" if had is not None else "keep the limit"
    return f"MXroute may {kept}, not set {asked}."


def zeros_lost(name: str) -> str:
    """Warn that a new name lacks the leading zeros of an existing mailbox."""
    return f"New here, and {name} exists: did a spreadsheet drop its zeros?"


def formula_failed(columns: str) -> str:
    """Say that formulas failed; `columns` as a list of nouns."""
    return f"A formula of the spreadsheet failed here ({columns}): type the value."


def formula_without_value(columns: str) -> str:
    """Say that formulas have no value; `columns` as a list of nouns."""
    return f"A formula has no value here ({columns}): open and save the file in a spreadsheet, or type the value."


def date_in_cell(columns: str) -> str:
    """Say that a spreadsheet has made dates; `columns` as a list of nouns."""
    return f"The spreadsheet has made a date of the {columns}: type it as text."


def huge_quota(megabytes: int) -> str:
    """Warn that a quota is so large that it may be in bytes."""
    return f"Quota {megabytes:,} MB: are these bytes? They would be {megabytes // 1_048_576:,} MB."


def spreadsheet_changed(name: str) -> str:
    """Warn that a new name is what a spreadsheet makes of an existing one."""
    return f"New here, and {name} exists: has a spreadsheet changed it?"


def below_use(used: int | None, asked: int) -> str:
    """Warn that a quota is smaller than the stored mail; both in MB."""
    return f"Uses {used or 0:,} MB; at {asked:,} MB it stops receiving mail."


def quota_over_cap(most: int, client: str) -> str:
    """Return the error of a quota over the largest of a client (MB)."""
    return f"Mailboxes of {client} may have up to {most:,} MB. Lower the quota, or ask an admin to raise it."


def mailboxes_over_cap(most: int, there: int | None, under_way: int, client: str) -> str:
    """Return the error of a new mailbox over the number that a client may have.

    `there` is None for a reader who may not see how many it has.
    """
    has = "" if there is None else f" and has {there:,}"
    more = f", with {under_way:,} on the way" if there is not None and under_way else ""
    return (
        f"{client} may have {count(most, 'mailbox', 'mailboxes')}{has}{more}: this would be one too many. "
        "Leave it out, or ask an admin to raise the number."
    )


def not_counted(most: int, client: str) -> str:
    """Warn that the mailboxes of a client with a cap could not all be counted."""
    return (
        f"{client} may have {count(most, 'mailbox', 'mailboxes')}, and not all of its lists could be read: "
        "the start counts again."
    )


def tiny_quota(megabytes: int) -> str:
    """Warn that a quota is so small that GB may have been meant."""
    return f"{megabytes} MB: did you mean {megabytes} GB?"


#: Phrases for what an update does; none contains a password.
PASSWORD_CHANGED = "password changed"  # noqa: S105 - a phrase
NO_CHANGE = "no change"


def stored_set(column: Column) -> str:
    """Say that a value is stored here for the first time."""
    return f"{column.noun} set"


def stored_changed(column: Column) -> str:
    """Say that a value is stored here in place of another one."""
    return f"{column.noun} changed"


def stored_removed(column: Column) -> str:
    """Say that a value is no longer stored here."""
    return f"{column.noun} removed"


#: Why a limit stays the same when it was asked for without a password.
ONLY_WITH_PASSWORD = "it changes only together with a password"  # noqa: S105 - a phrase


def unchanged(limit: int | None) -> str:
    """Say that a row changes nothing; `limit` is one that could not be sent."""
    return NO_CHANGE if limit is None else f"{NO_CHANGE}; {limit_not_sent(limit)}"


def limit_not_sent(limit: int) -> str:
    """Say that a limit was not sent, since the row has no password."""
    return f"limit {limit} was not asked for: {ONLY_WITH_PASSWORD}"


def changes(name: str, had: int | None, asked: int) -> str:
    """Describe a changed quota or limit: `quota 1024 → 2048`.

    An unknown old value (`had`) is given as None.
    """
    before, after = (_amount(name, number) for number in (had, asked))
    return f"{name} {before} → {after}" if before else f"{name} set to {after}"


def what_changed(*, password: bool, had: int | None, quota: int | None, limit: int | None) -> str:
    """Say what a change did: `password changed; quota 1024 → 2048; limit 500 asked for`.

    A limit is only *asked for*, since MXroute may keep the old one.
    """
    parts = [PASSWORD_CHANGED] if password else []
    if quota is not None and quota != had:
        parts.append(changes("quota", had, quota))
    return "; ".join([*parts, *([f"limit {limit} asked for"] if limit is not None else [])])


def _amount(name: str, number: int | None) -> str:
    if number is None:
        return ""
    return "unlimited" if name == "quota" and number == 0 else str(number)


#: What reading a file finds wrong with a row. An edit of the password cell clears the first four; an edit of the
#: username or of the column at fault clears the others.
ONE_VALUE_TOO_MANY = "One value too many: put a password with a comma in quotes."
VALUE_WITHOUT_HEADER = "One value too many: a cell lies outside the table, under no header."
STRAY_QUOTE = "A quote ends in the middle of a cell. Double quotes inside a cell and quote the whole cell."
BROKEN_PASSWORD = "The password has a line break in it: a quote is missing, here or some lines on."  # noqa: S105
HEADER_AGAIN = "This is the header once more, as files put together have it: leave the row out."
BLANK_BEFORE_QUOTE = (
    "A blank stands before the quote, so that the quote encloses nothing: remove the blank in the file."
)
TOTAL = "This looks like the total of the rows above, not like a mailbox: leave it out."
BELOW_THE_TABLE = "This looks like a line below the table, not like a mailbox: leave it out."
COMMENT_AMONG_ROWS = "The line starts with #: comments stand above the header only."


def _exists(*, labelled: bool) -> str:
    return alone(Verdict.EXISTS, EXISTS) if labelled else EXISTS


def _needs_password(*, labelled: bool) -> str:
    return alone(Verdict.NEEDS_PASSWORD, NEEDS_PASSWORD) if labelled else NEEDS_PASSWORD


#: The sentence, or the phrase of a change, for every code but TOO_LONG, from its figures.
SENTENCES: Mapping[FindingCode, Callable[..., str]] = {
    FindingCode.NO_PERMISSION: str,
    FindingCode.UNREADABLE_ROW: str,
    FindingCode.FORMULA_FAILED: formula_failed,
    FindingCode.FORMULA_WITHOUT_VALUE: formula_without_value,
    FindingCode.DATE_IN_CELL: date_in_cell,
    FindingCode.INVALID_USERNAME: username,
    FindingCode.DOMAIN_MISMATCH: disagreement,
    FindingCode.UNKNOWN_DOMAIN: domain,
    FindingCode.WEAK_PASSWORD: password,
    FindingCode.PASSWORD_BLANK_AT_END: lambda: BLANK_AT_AN_END,
    FindingCode.PASSWORD_UNTYPABLE: lambda: UNTYPABLE,
    FindingCode.PASSWORD_HASH: lambda: PASSWORD_HASH,
    FindingCode.MAILBOX_LOCKED: lambda: MAILBOX_LOCKED,
    FindingCode.INVALID_QUOTA: quota,
    FindingCode.QUOTA_OVER_CAP: quota_over_cap,
    FindingCode.INVALID_LIMIT: lambda: LIMIT,
    FindingCode.INVALID_RECOVERY_EMAIL: recovery_email,
    FindingCode.RECOVERS_ITSELF: lambda: RECOVERS_ITSELF,
    FindingCode.INVALID_NAME: full_name,
    FindingCode.DUPLICATE: duplicate,
    FindingCode.MAILBOXES_OVER_CAP: mailboxes_over_cap,
    FindingCode.ALREADY_EXISTS: lambda labelled: _exists(labelled=labelled),
    FindingCode.NEEDS_PASSWORD: lambda labelled: _needs_password(labelled=labelled),
    FindingCode.LIMIT_IGNORED: limit_ignored,
    FindingCode.LIMIT_STAYS: limit_stays,
    FindingCode.LIMIT_UNCERTAIN: limit_uncertain,
    FindingCode.MISTYPED_RECOVERY_EMAIL: mistyped_recovery_email,
    FindingCode.TINY_QUOTA: tiny_quota,
    FindingCode.HUGE_QUOTA: huge_quota,
    FindingCode.BELOW_USE: below_use,
    FindingCode.NO_SPECIAL_CHARACTER: lambda: NO_SPECIAL,
    FindingCode.FORMULA_PASSWORD: lambda: FORMULA,
    FindingCode.PASSWORD_ODD_BLANK: lambda: ODD_BLANK,
    FindingCode.ZEROS_LOST: zeros_lost,
    FindingCode.SPREADSHEET_CHANGED: spreadsheet_changed,
    FindingCode.NAME_DAMAGED: name_damaged,
    FindingCode.NOT_CHECKED: not_checked,
    FindingCode.NOT_COUNTED: not_counted,
    FindingCode.QUOTA_CHANGED: partial(changes, "quota"),
    FindingCode.LIMIT_CHANGED: partial(changes, "limit"),
    **{
        code: partial(phrase, MEANINGS[column])
        for column, codes in STORED_CHANGES.items()
        for code, phrase in zip(codes, (stored_set, stored_changed, stored_removed), strict=True)
    },
    FindingCode.PASSWORD_CHANGED: lambda: PASSWORD_CHANGED,
    FindingCode.NO_CHANGE: lambda: NO_CHANGE,
}

#: Codes whose suggestion is the last figure, and is not part of the sentence.
_WITHOUT_SUGGESTION = SUGGESTING - {
    FindingCode.INVALID_USERNAME,
    FindingCode.UNKNOWN_DOMAIN,
    FindingCode.INVALID_RECOVERY_EMAIL,
    FindingCode.MISTYPED_RECOVERY_EMAIL,
}

#: The separator between the phrases of a change in one line.
_JOINER = "; "


def sentence(kind: FindingKind, figures: Figures) -> str:
    """Return the sentence of one finding, without a line break."""
    if kind.code is FindingCode.TOO_LONG:
        return too_long(kind.column)
    return SENTENCES[kind.code](*(figures[:-1] if kind.code in _WITHOUT_SUGGESTION else figures))


def render(found: Findings) -> pa.Array:
    """Return the sentences of every row, one a line; each distinct one is rendered once."""
    texts = np.full(len(found.found), "", dtype=object)
    for rule in found.rules:
        lines = [f"{sentence(rule.kind, figures)}\n" for figures in rule.figures]
        texts[rule.rows] += lines[0] if len(lines) == 1 else np.array(lines, dtype=object)[rule.which]
    return pc.utf8_rtrim(arrow_text.texts(texts), characters="\n")


def in_one_line(changes: str) -> str:
    """Return the changes of a row, a line each, as phrases in one line."""
    return changes.replace("\n", _JOINER)


def lines_by_kind(codes: int, lines: str) -> tuple[tuple[FindingKind, str], ...]:
    """Return the findings of a row, each with its line of `lines`.

    `codes` has a bit for each finding.
    """
    return tuple(zip(kinds_of(codes), lines.split("\n"), strict=True)) if codes else ()
