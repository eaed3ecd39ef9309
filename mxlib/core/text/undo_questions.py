"""Texts of the question before an undo, and of what it does to each mailbox."""

from collections.abc import Sequence

from mxlib.core.format import count, duration, listed


def undo(
    file_name: str, unused: int, *, hold_mail: int = 0, sent_today: int = 0, changed: int = 0, seconds: float,
    restored: int = 0, lasting: int = 0, gone: int = 0, values: Sequence[str] = ("quota", "recovery email"),
    unlocked: int = 0, locked: int = 0, capped: int = 0,
) -> str:  # fmt: skip
    """Return the question before a run is undone.

    Of the `restored`, so many are `unlocked` or `locked`: runs that lock do nothing else.
    `restored` mailboxes get back those of their old `values` that were changed; nothing of the `lasting` ones can be
    put back.
    """
    kept = [
        (hold_mail, "holds mail", "hold mail"),
        (sent_today, "sent today", "sent today"),
        (changed, "was changed since", "were changed since"),
        (capped, "had a quota over the largest of its client", "had quotas over the largest of their client"),
        (lasting, "has a new password, which cannot be put back", "have new passwords, which cannot be put back"),
    ]
    sentences = []
    if unused:
        sentences += [f"Delete {count(unused, 'unused mailbox', 'unused mailboxes')} made from {file_name}?"]
        sentences += ["This cannot be undone."]
    if unlocked:
        sentences.append(
            f"Unlock {count(unlocked, 'mailbox', 'mailboxes')} with new passwords, which are in the results?"
        )
    elif locked:
        sentences.append(f"Lock {count(locked, 'mailbox', 'mailboxes')} again?")
    elif restored and unused:
        get = "1 that it changed gets its" if restored == 1 else f"{restored:,} that it changed get their"
        sentences.append(f"{get} old {listed(values)} again.")
    elif restored:
        boxes = count(restored, "mailbox", "mailboxes")
        sentences.append(f"Put {listed(values)} of {boxes} back to what {file_name} found?")
    if number := hold_mail + sent_today + changed + lasting + capped:
        why = ", ".join(count(few, one, many) for few, one, many in kept if few)
        sentences.append(f"{number:,} {'is' if number == 1 else 'are'} kept: {why}.")
    if gone:
        sentences.append(f"{gone:,} {'is' if gone == 1 else 'are'} gone already.")
    if not unused + restored:
        return " ".join([f"Nothing of {file_name} can be undone.", *sentences])
    sentences.append(f"Each mailbox is checked again first. About {duration(seconds)}. Type {unused or restored}.")
    return " ".join(sentences)


def confirm_undo(typed: int, deletes: int) -> str:
    """Say that the undo was not confirmed with the current number."""
    boxes = count(typed, "mailbox", "mailboxes")
    return f"{boxes} would {'be deleted' if deletes else 'be put back'} now. Type {typed} to confirm."


def undo_not_allowed(run: int) -> str:
    """Say which permission an undo needs."""
    return (
        f"To undo run {run} you need the permission to delete in all its domains; the person who started it may "
        "also undo it within 24 hours of its end. Ask an admin."
    )


#: What an undo does to a mailbox that the run locked, or unlocked.
UNLOCKED, LOCKED_AGAIN = "unlocked with a new password", "locked again"

#: What an undo does to a mailbox that the run created.
DELETED_IF_UNUSED = "deleted if still unused"


#: The limits of MXroute's figures on use, noted before an undo.
SENT_TODAY_ONLY = (
    "MXroute counts what was sent today only: a mailbox that sent something before and holds no mail counts as unused."
)
