"""Labels of texts to owners of mailboxes, and sentences about their problems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mxlib.core.format import readable
from mxlib.core.handover.help_addresses import HelpProblem
from mxlib.core.handover.logos import MAX_LOGO, MAX_SIDE, LogoProblem
from mxlib.core.handover.texts import Part, Placeholder, TextFinding, TextKind, TextProblem

KIND_LABELS: Mapping[TextKind, str] = {
    TextKind.LETTER: "Letter",
    TextKind.MESSAGE: "Message to copy",
    TextKind.MAIL: "Mail",
    TextKind.LINK: "Mail with a link",
    TextKind.RESET: "Mail for a reset",
}

#: What each kind is for.
KIND_USES: Mapping[TextKind, str] = {
    TextKind.LETTER: "Printed on the letter, above name, address, password and settings.",
    TextKind.MESSAGE: "You copy it and send it yourself, with or without the password.",
    TextKind.MAIL: "Sent by MXM, without the password.",
    TextKind.LINK: "Sent to the recovery email, with the link where its owner sets the password.",
    TextKind.RESET: "Sent to the recovery email when its owner asks for a new password.",
}

PLACEHOLDER_LABELS: Mapping[Placeholder, str] = {
    Placeholder.SALUTATION: "form of address, from the file's own column *Salutation*, *Anrede* or the like",
    Placeholder.NAME: "full name; blank where MXM knows none",
    Placeholder.ADDRESS: "email address, which is the user name",
    Placeholder.PASSWORD: "password, or that it comes separately",
    Placeholder.SERVER: "mail server",
    Placeholder.PORTS: "ports, one a line",
    Placeholder.HELP: "address for help",
    Placeholder.AGENCY: "name of the agency",
    Placeholder.LINK: "link to set the password; needed",
    Placeholder.EXPIRES: "when the link ends",
}

PART_LABELS: Mapping[Part, str] = {Part.SUBJECT: "Subject", Part.BODY: "Text"}

LOGO_PROBLEMS: Mapping[LogoProblem, str] = {
    LogoProblem.TOO_LARGE: f"The logo has over {MAX_LOGO // 1_000_000} MB. Save it smaller, and choose it again.",
    LogoProblem.NO_IMAGE: "The logo is no PNG or JPEG picture that can be read. Save it as one of these.",
    LogoProblem.BAD_SIZE: f"The logo is too small or has over {MAX_SIDE:,} pixels at a side. Scale it, and choose it "
    "again.",
}

HELP_PROBLEMS: Mapping[HelpProblem, str] = {
    HelpProblem.BAD_PAGE: "Address for help: this is no address of a page. Copy it from a browser: https://…",
    HelpProblem.BAD_EMAIL: "Address for help: this is no email address. Type one such as help@agency.example.",
    HelpProblem.NO_ADDRESS: "Address for help: type a page (https://…), an email address or a phone number.",
}

#: What the placeholder of an own column stands for.
OWN_COLUMN = "{own:Department}"
OWN_COLUMN_LABEL = "the row's own column of that header, here *Department*, of the file that a run imported"

_SENTENCES: Mapping[TextProblem, Callable[..., str]] = {
    TextProblem.EMPTY: lambda: "Write something.",
    TextProblem.TOO_LONG: lambda found, most: f"{found:,} characters are over the {most:,} that fit. Shorten it.",
    TextProblem.LINE_BREAK: lambda: "Write it on one line.",
    TextProblem.INVISIBLE: lambda line, char: (
        f"Line {line} has an invisible character ({char}). Delete it, or type the line again."
    ),
    TextProblem.STRAY_BRACE: lambda line, brace: (
        f"Line {line} has a {brace} without its partner. Braces only stand around placeholders."
    ),
    TextProblem.UNKNOWN_PLACEHOLDER: lambda line, token, similar: (
        f"Line {line}: {readable(token)} is no placeholder. "
        + (f"Did you mean {similar}?" if similar else "Use one of the list.")
    ),
    TextProblem.MISPLACED: lambda line, token: f"Line {line}: {token} cannot stand here. Delete it.",
    TextProblem.NEVER_PASSWORD: lambda line: f"Line {line}: no password goes by mail. Delete {{password}}.",
    TextProblem.MISSING: lambda token: f"{token} is missing: without it people cannot use the text. Add it.",
    TextProblem.UNPRINTABLE: lambda characters: (
        f"Letters cannot print {characters}: they have Latin, Greek and Cyrillic. Replace it."
    ),
    TextProblem.TOO_MANY_LINES: lambda found, most: (
        f"The text takes {found} lines of the letter, which has room for {most}. Shorten it."
    ),
    TextProblem.TOO_MANY_COLUMNS: lambda found, most: (
        f"{found} placeholders of own columns are over the {most} that fit. Delete some."
    ),
}


def sentence(finding: TextFinding) -> str:
    """Say what is wrong with a text, and what to do."""
    figures: tuple[Any, ...] = finding.figures
    return f"{PART_LABELS[finding.part]}: {_SENTENCES[finding.code](*figures)}"


def left_out(placeholders: Sequence[str]) -> str:
    """Say which lines of a text are left out; blank for none."""
    if not placeholders:
        return ""
    lines = "the line" if len(placeholders) == 1 else "the lines"
    return f"Left out, since blank: {lines} with {' and '.join(placeholders)}."


def changed_meanwhile(who: str) -> str:
    """Refuse to store a text or letterhead that is another one by now."""
    return f"Since you opened this, {who or 'another admin'} changed it. Copy what you wrote, and reload the page."
