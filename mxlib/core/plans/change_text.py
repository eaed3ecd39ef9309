"""What is asked before picked mailboxes are changed or deleted: figures first, what to do last."""

from mxlib.core.format import count, day, duration, listed, readable
from mxlib.core.plans.changes import Change, ChangeSummary, Deletion, NewPassword, NewQuota, NewStored, OverQuota
from mxlib.core.schema import RECOVERY_EMAIL

QUOTA_HELP = "A value (2048, 2 GB, 0 = unlimited), or from what each has: × 2, + 1024."
NOT_A_QUOTA = "Write a quota as 2048, 2 GB or unlimited, or as × 2 or + 1024."
TOO_LARGE = "That is more than any mail server has. Write a smaller quota."
BELOW_AGREED = "Set it all the same"
AGREE = "Agree to that (below_use) to set it all the same."
NOBODY_THERE = "None of these mailboxes is there."
NO_PASSWORD = "Type one, or press Generate."  # noqa: S105 - a sentence, not a secret
#: MB; the host and every table can still hold it.
MAX_QUOTA = 2**40

_SHOWN = 3
_KEPT = "What you typed stays here: try again in a minute."
_REFRESH = "Press Refresh to see what is there now."


def name(change: Change) -> str:
    """What a run of this change is called, where an import is called by its file."""
    match change:
        case NewQuota():
            return f"Set quota: {_aim(change)}"
        case NewPassword():
            return "Reset passwords"
        case NewStored(values, column):
            return f"{'Set' if any(values.values()) else 'Clear'} {column.plural}"
        case Deletion():
            return "Delete mailboxes"


def question(
    change: Change, figures: ChangeSummary, *, alone: str = "", readable_until: float = 0.0, seconds: float = 0.0
) -> str:
    """The question; `alone` is the address of a single mailbox, `seconds` how long a run takes, 0 for none."""
    if not figures.acting:
        return f"Nothing to change: {_why_nothing(change, figures)}"
    sentences = _question(change, figures, alone)
    if isinstance(change, NewPassword) and seconds:
        sentences.append(f"They are in the results, readable until {day(readable_until)}.")
    if figures.suspended and not isinstance(change, Deletion | NewStored):
        stay = "is suspended and stays so" if figures.suspended == 1 else "are suspended and stay so"
        sentences.append(f"{figures.suspended:,} {stay}.")
    if isinstance(change, NewStored):
        sentences.append(f"MXM keeps {change.column.plural}; MXroute is not asked.")
    elif seconds:
        sentences.append(f"About {duration(seconds)} at MXroute's limit of 20 a minute. You may close this tab.")
    return " ".join(sentences)


def below(those: tuple[OverQuota, ...]) -> str:
    """That mailboxes hold more than the quota that they would get."""
    told = [f"{each.address} {each.usage:,.0f} of {each.quota:,} MB" for each in those]
    full = "1 mailbox would be" if len(those) == 1 else f"{len(those):,} mailboxes would be"
    return f"{full} over quota and get no more mail: {listed(told, most=_SHOWN)}."


def gone(addresses: tuple[str, ...]) -> str:
    """That mailboxes which were picked are there no more."""
    are = "is" if len(addresses) == 1 else "are"
    return f"{listed(addresses, most=_SHOWN)} {are} not there any more; left out."


def too_many(mailboxes: int, most: int) -> str:
    """More mailboxes than one request takes."""
    return f"{mailboxes:,} mailboxes; the limit is {most:,}. Send them in parts."


def not_typed(wanted: str) -> str:
    """That a deletion was not confirmed."""
    return f"Type {wanted} to confirm."


def holding(megabytes: float) -> str:
    """An amount of mail."""
    if megabytes >= 1024:
        return f"{megabytes / 1024:,.1f} GB of mail"
    return f"{megabytes:,.0f} MB of mail" if megabytes >= 1 else "hardly any mail" if megabytes else "no mail"


def _question(change: Change, figures: ChangeSummary, alone: str) -> list[str]:
    boxes = alone or count(figures.mailboxes, "mailbox", "mailboxes")
    match change:
        case NewQuota():
            told = [f"Set the quota of {boxes} to {_aim(change)}?"]
            if change.value is None:
                told = [f"Change the quota of {boxes}: {_aim(change)}?"]
                if figures.unlimited:
                    stay = "1 is unlimited and stays" if figures.unlimited == 1 else "are unlimited and stay"
                    told.append(f"{'' if figures.unlimited == 1 else f'{figures.unlimited:,} '}{stay} so.")
            elif figures.acting < figures.mailboxes:
                have = figures.mailboxes - figures.acting
                told.append(f"{have:,} {'has' if have == 1 else 'have'} it already.")
            if alone:
                told.append(f"It is {_storage(figures.quota_before) if figures.quota_before else 'unlimited'} now.")
            elif figures.quota_after:
                limited = change.value is not None and figures.unlimited  # else that they stay so was told just above
                now = _storage(figures.quota_before) + (f" and {figures.unlimited:,} unlimited" if limited else "")
                told.append(f"In all {now} now, {_storage(figures.quota_after)} then.")
            return told
        case NewPassword():
            whose = "a new password? The old one stops" if alone else "new passwords? The old ones stop"
            return [f"Give {boxes} {whose} working at once, in every mail program."]
        case NewStored(values, column):
            verb = "Set" if any(values.values()) else "Clear"
            return [f"{verb} the {column.noun} of {alone or count(figures.acting, 'mailbox', 'mailboxes')}?"]
        case Deletion():
            return [
                f"Delete {boxes} with {holding(figures.mail) if figures.told else 'all mail'}?",
                "This cannot be taken back.",
                f"Type {figures.mailboxes}.",
            ]


def _why_nothing(change: Change, figures: ChangeSummary) -> str:
    if not figures.mailboxes:
        return "none of these mailboxes is there any more."
    if isinstance(change, NewQuota):
        if change.value is None and figures.unlimited == figures.mailboxes:
            return "unlimited stays unlimited. Write a value to limit it."
        return "that is the quota already."
    column = change.column if isinstance(change, NewStored) else RECOVERY_EMAIL
    return f"that is the {column.noun} already." if figures.mailboxes == 1 else f"the {column.plural} are so already."


def _aim(change: NewQuota) -> str:
    if change.value is not None:
        return f"{change.value:,} MB" if change.value else "unlimited"
    return f"× {change.times.normalize():f}" if change.times != 1 else f"+ {change.plus:,} MB"


def _storage(megabytes: int) -> str:
    if megabytes >= 1024 * 1024:
        return f"{megabytes / 1024 / 1024:,.1f} TB"
    return f"{megabytes / 1024:,.1f} GB" if megabytes >= 1024 else f"{megabytes:,} MB"


def not_done(problem: str, *, passes: bool) -> str:
    """That nothing came of a change, and that what was typed is still there for when the problem `passes`."""
    return f"{problem} {_KEPT}" if passes and "again" not in problem else problem


def not_as_listed(problem: str) -> str:
    """That a mailbox is gone, or there already, against what the page shows."""
    return f"{problem} {_REFRESH}"


def plan_says_no(message: str) -> str:
    """That the plan of the account does not allow it, in the host's words, and what to do."""
    return f"MXroute: '{readable(message, 200)}'. Raise the plan or free some of it, then press the button again."


def did(change: Change, address: str) -> str:
    """What was done at once to one mailbox."""
    match change:
        case NewQuota():
            return f"{address}: quota {_aim(change)}."
        case NewStored(values, column):
            return f"{address}: {column.noun} {'kept' if any(values.values()) else 'cleared'}."
        case Deletion():
            return f"{address} and its mail are deleted."
        case _:
            return f"{address} has a new password."


def shown(rows: int, of: int, hidden: int) -> str:
    """How many mailboxes a table shows, and that actions reach picked ones which it does not show."""
    told = f"{rows:,} of {of:,} mailboxes."
    return f"{told} {hidden:,} picked {'one is' if hidden == 1 else 'ones are'} not among them." if hidden else told


def picked(found: int, missing: int, domain: str) -> str:
    """What a pasted list of addresses came to."""
    told = f"{count(found, 'mailbox', 'mailboxes')} of {domain} found."
    if not missing:
        return told
    return f"{told} {missing:,} not found; {'it is' if missing == 1 else 'they are'} left out:"


_ASKED = {"create": "to create", "update": "to change", "delete": "to delete"}


def unconfirmed(action: str, address: str, who: str, at: str, outcome: str) -> str:
    """That a change by hand got no answer, and what is known of it; `outcome` is blank until that is read back."""
    asked = f"{who} asked MXroute {_ASKED[action]} {address} ({at})"
    return f"{asked}: {outcome}." if outcome else f"{asked}; no answer came yet. MXM looks what became of it by itself."
