"""Questions before selected mailboxes are changed or deleted: figures first, the instruction last."""

from mxlib.core.format import count, day, duration, full_day, listed, readable
from mxlib.core.plans.changes import (
    Change,
    ChangeSummary,
    Deletion,
    LaterDeletion,
    NewLock,
    NewPassword,
    NewQuota,
    NewStored,
    OverQuota,
    Unlocking,
)
from mxlib.core.schema import RECOVERY_EMAIL

QUOTA_HELP = "A value (2048, 2 GB, 0 = unlimited), or from what each has: × 2, + 1024."
NOT_A_QUOTA = "Write a quota as 2048, 2 GB or unlimited, or as × 2 or + 1024."
UNLIMITED = "This mailbox is unlimited. Enter a size to limit it."
UNLIMITED_ALL = "These mailboxes are unlimited. Enter a size to limit them."
#: The label of the field that confirms the deletion of one mailbox.
TYPE_THE_ADDRESS = "Type the address to confirm."
TOO_LARGE = "That is more than any mail server has. Write a smaller quota."
BELOW_AGREED = "Set anyway"
AGREE = "Agree to that (below_use) to set it anyway."
NOBODY_THERE = "None of these mailboxes is there."
COPY_PASSWORD = "Copy the password now: you can't see it again."  # noqa: S105 - a sentence, not a secret
NO_PASSWORD = "Type one, or press Generate."  # noqa: S105 - a sentence, not a secret
#: MB; the host and every table can still hold it.
MAX_QUOTA = 2**40

_SHOWN = 3
_KEPT = "What you typed stays here: try again in a minute."
_REFRESH = "Press Refresh to see what is there now."


def name(change: Change) -> str:
    """Return the name of a run of this change.

    An import is named after its file.
    """
    match change:
        case NewQuota():
            return f"Set quota: {_aim(change)}"
        case NewPassword():
            return "Reset passwords"
        case NewStored(values, column):
            return f"{'Set' if any(values.values()) else 'Clear'} {column.plural}"
        case NewLock():
            return "Lock mailboxes"
        case Unlocking():
            return "Unlock mailboxes"
        case Deletion():
            return "Delete mailboxes"
        case LaterDeletion(due_at):
            return f"Lock now, delete on {full_day(due_at)}"


def question(
    change: Change, figures: ChangeSummary, *, alone: str = "", readable_until: float = 0.0, seconds: float = 0.0
) -> str:
    """Return the question to ask before a change.

    `alone` is the address of a single mailbox. `seconds` is how long a run takes, 0 without a run.
    """
    if not figures.acting:
        if _stays_unlimited(change, figures):
            return UNLIMITED if figures.mailboxes == 1 else UNLIMITED_ALL
        return f"Nothing to change: {_why_nothing(change, figures)}"
    sentences = _question(change, figures, alone)
    if isinstance(change, NewPassword | Unlocking) and seconds:
        sentences.append(f"They are in the results. MXM's copy is kept until {day(readable_until)}.")
    if figures.suspended and not isinstance(change, Deletion | NewStored):
        stay = "is suspended and stays so" if figures.suspended == 1 else "are suspended and stay so"
        sentences.append(f"{figures.suspended:,} {stay}.")
    if isinstance(change, NewStored):
        sentences.append(f"MXM keeps {change.column.plural}; MXroute is not asked.")
    elif seconds:
        sentences.append(f"About {duration(seconds)} at MXroute's limit of 20 a minute. You can close this tab.")
    return " ".join(sentences)


def below(those: tuple[OverQuota, ...]) -> str:
    """Warn that mailboxes hold more than the quota that they would get."""
    lines = [f"{each.address} {each.usage:,.0f} of {each.quota:,} MB" for each in those]
    full = "1 mailbox would be" if len(those) == 1 else f"{len(those):,} mailboxes would be"
    return f"{full} over quota and get no more mail: {listed(lines, most=_SHOWN)}."


def gone(addresses: tuple[str, ...]) -> str:
    """Say that selected mailboxes no longer exist."""
    are = "is" if len(addresses) == 1 else "are"
    return f"{listed(addresses, most=_SHOWN)} {are} not there any more; left out."


def too_many(mailboxes: int, most: int) -> str:
    """Refuse more mailboxes than one request may have."""
    return f"{mailboxes:,} mailboxes; the limit is {most:,}. Send them in parts."


def not_typed(expected: str) -> str:
    """Ask again for the text that confirms a deletion."""
    return f"Type {expected} to confirm."


def holding(megabytes: float) -> str:
    """Describe an amount of mail, given in MB."""
    if megabytes >= 1024:
        return f"{megabytes / 1024:,.1f} GB of mail"
    return f"{megabytes:,.0f} MB of mail" if megabytes >= 1 else "hardly any mail" if megabytes else "no mail"


def _question(change: Change, figures: ChangeSummary, alone: str) -> list[str]:
    boxes = alone or count(figures.mailboxes, "mailbox", "mailboxes")
    match change:
        case NewQuota():
            if alone:
                return _quota_of_one(figures, alone)
            parts = [f"Set the quota of {boxes} to {_aim(change)}?"]
            if change.value is None:
                parts = [f"Change the quota of {boxes}: {_aim(change)}?"]
                if figures.unlimited:
                    stay = "1 is unlimited and stays" if figures.unlimited == 1 else "are unlimited and stay"
                    parts.append(f"{'' if figures.unlimited == 1 else f'{figures.unlimited:,} '}{stay} so.")
            elif figures.acting < figures.mailboxes:
                have = figures.mailboxes - figures.acting
                parts.append(f"{have:,} {'has' if have == 1 else 'have'} it already.")
            if figures.quota_after:
                # Without a value, the sentence above already says that they stay unlimited.
                limited = change.value is not None and figures.unlimited
                now = _storage(figures.quota_before) + (f" and {figures.unlimited:,} unlimited" if limited else "")
                parts.append(f"In all {now} now, {_storage(figures.quota_after)} then.")
            return parts
        case NewPassword():
            what = "a new password? The old one stops" if alone else "new passwords? The old ones stop"
            stay = "stays" if figures.mailboxes - figures.acting == 1 else "stay"
            kept = [f"{_locked(figures)} and {stay} so."] if figures.acting < figures.mailboxes else []
            return [f"Give {boxes} {what} working at once, in every mail program.", *kept]
        case NewLock():
            its = "Its password becomes" if figures.acting == 1 else "Their passwords become"
            it = "It refuses" if figures.acting == 1 else "They refuse"
            already = [f"{_locked(figures)} already."] if figures.acting < figures.mailboxes else []
            ends = f"{its} one that nobody knows. {it} every new password until Unlock."
            return [f"Lock {boxes}?", *already, ends]
        case Unlocking():
            others = figures.mailboxes - figures.acting
            not_locked = [f"{others:,} {'is' if others == 1 else 'are'} not locked."] if others else []
            return [f"Unlock {boxes} with {'a new password' if alone else 'new passwords'}?", *not_locked]
        case NewStored(values, column):
            verb = "Set" if any(values.values()) else "Clear"
            return [f"{verb} the {column.noun} of {alone or count(figures.acting, 'mailbox', 'mailboxes')}?"]
        case LaterDeletion(due_at):
            it = "it" if figures.mailboxes == 1 else "them"
            return [
                f"Lock {boxes} now, and delete {it} on {full_day(due_at)}?",
                f"MXM looks at {it} once more on that day, and asks if {it} may be in use.",
                f"Until then you can call it off.{_typed(figures, alone)}",
            ]
        case Deletion():
            return [
                f"Delete {boxes} with {holding(figures.mail) if figures.has_figures else 'all mail'}?",
                f"This can't be undone.{_typed(figures, alone)}",
            ]


def _typed(figures: ChangeSummary, alone: str) -> str:
    """Ask for the number of several; the field asks for the address of one."""
    return "" if alone else f" Type {figures.mailboxes}."


def _quota_of_one(figures: ChangeSummary, address: str) -> list[str]:
    before, after = figures.quota_before, figures.quota_after
    uses = f"uses {size(figures.mail)}"
    if not before:
        return [f"Limit {address} to {size(after)}?", f"It is unlimited now and {uses}."]
    if not after:
        return [f"Make {address} unlimited?", f"It has {size(before)} now and {uses}."]
    verb = "Raise" if after > before else "Lower"
    return [f"{verb} the quota from {size(before)} to {size(after)}?", f"{address} {uses}."]


def _locked(figures: ChangeSummary) -> str:
    locked = figures.mailboxes - figures.acting
    return f"{locked:,} {'is' if locked == 1 else 'are'} locked"


def _stays_unlimited(change: Change, figures: ChangeSummary) -> bool:
    """Return whether a change adds to quotas of which each is unlimited."""
    relative = isinstance(change, NewQuota) and change.value is None
    return relative and figures.mailboxes > 0 and figures.unlimited == figures.mailboxes


def _why_nothing(change: Change, figures: ChangeSummary) -> str:
    if not figures.mailboxes:
        return "none of these mailboxes is there any more."
    if isinstance(change, NewQuota):
        return "that is the quota already."
    one = figures.mailboxes == 1
    match change:
        case NewLock():
            return "it is locked already." if one else "they are locked already."
        case Unlocking():
            return "it is not locked." if one else "none of them is locked."
        case NewPassword():
            it = "it is locked, and refuses" if one else "they are locked, and refuse"
            return f"{it} every new password. Unlock sets a new one."
    column = change.column if isinstance(change, NewStored) else RECOVERY_EMAIL
    if not one:
        return f"the {column.plural} are so already."
    is_blank = isinstance(change, NewStored) and not any(change.values.values())
    return f"this mailbox has no {column.noun}." if is_blank else f"that is the {column.noun} already."


def _aim(change: NewQuota) -> str:
    if change.value is not None:
        return f"{change.value:,} MB" if change.value else "unlimited"
    return f"× {change.times.normalize():f}" if change.times != 1 else f"+ {change.plus:,} MB"


def size(megabytes: float) -> str:
    """Return an amount of storage, given in MB, without a decimal that is 0."""
    return _storage(round(megabytes)).replace(".0 ", " ")


def _storage(megabytes: int) -> str:
    if megabytes >= 1024 * 1024:
        return f"{megabytes / 1024 / 1024:,.1f} TB"
    return f"{megabytes / 1024:,.1f} GB" if megabytes >= 1024 else f"{megabytes:,} MB"


def kept(problem: str) -> str:
    """Say that a change was not made, and that the input is kept."""
    return f"{problem} {_KEPT}"


def not_as_listed(problem: str) -> str:
    """Say that a mailbox is gone, or exists already, unlike what the page shows."""
    return f"{problem} {_REFRESH}"


def plan_says_no(message: str) -> str:
    """Say that the account's plan does not allow it, and what to do.

    Quotes the message of the host.
    """
    return f"MXroute: '{readable(message, 200)}'. Raise the plan or free some of it, then press the button again."


def did(change: Change, address: str) -> str:
    """Describe what was done at once to one mailbox."""
    match change:
        case NewQuota():
            return f"{address}: quota {_aim(change)}."
        case NewStored(values, column):
            return f"{address}: {column.noun} {'saved' if any(values.values()) else 'cleared'}."
        case NewLock():
            return f"{address} is locked."
        case Unlocking():
            return f"{address} is unlocked, and has a new password."
        case LaterDeletion(due_at):
            return f"{address} will be deleted on {full_day(due_at)}."
        case Deletion():
            return f"{address} and its mail are deleted."
        case _:
            return f"{address} has a new password."


def shown(rows: int, of: int, hidden: int) -> str:
    """Say how many mailboxes a table shows, and how many selected ones it hides.

    Actions reach the hidden ones too.
    """
    text = f"{rows:,} of {of:,} mailboxes."
    return f"{text} {hidden:,} selected {'one is' if hidden == 1 else 'ones are'} not among them." if hidden else text


def addresses_found(found: int, missing: int, domain: str) -> str:
    """Say how many addresses of a pasted list were found."""
    text = f"{count(found, 'mailbox', 'mailboxes')} of {domain} found."
    if not missing:
        return text
    return f"{text} {missing:,} not found; {'it is' if missing == 1 else 'they are'} left out:"


_ASKED = {
    "create": "to create",
    "update": "to change",
    "delete": "to delete",
    "lock": "to lock",
    "unlock": "to unlock",
}


def unconfirmed(action: str, address: str, who: str, at: str, outcome: str) -> str:
    """Say that a manual change got no answer, and what is known of it.

    `outcome` is blank until the mailbox is read back.
    """
    asked = f"{who} asked MXroute {_ASKED[action]} {address} ({at})"
    return (
        f"{asked}: {outcome}."
        if outcome
        else f"{asked}; no answer came yet. MXM checks by itself whether it took effect."
    )
