"""Texts about the proof of the audit log."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from mxlib.core.audit_verification import Acceptance, Break, BreakKind, ChainCause, Span, Verification
from mxlib.core.format import count

#: Breaks that are listed one by one.
_LISTED = 10


def _key_changed(last: int) -> str:
    return f"The server key changed: the hashes of entries up to {last:,} are of the key before"


def _end_changed(last: int) -> str:
    return f"The audit log was not as MXM left it: the hashes begin again after entry {last:,}"


#: What the first entry of another chain says, by why that begins.
NEW_CHAIN: Mapping[ChainCause, Callable[[int], str]] = {
    ChainCause.OTHER_KEY: _key_changed,
    ChainCause.BROKEN: _end_changed,
}

#: What is wrong, by kind of break; `{entry}` is the entry where it begins.
_BREAKS = {
    BreakKind.MISSING: "Entry {entry} is missing.",
    BreakKind.CHANGED: "Entry {entry} was changed, or is in another place.",
    BreakKind.UNHASHED: "Entry {entry} has no hash: MXM did not write it.",
    BreakKind.INSERTED: "Entry {entry} is in a place where MXM left none.",
    BreakKind.BLOCK: "Entry {entry}, from before entries had hashes, was changed or deleted.",
    BreakKind.CHECKPOINT: "The checkpoint for deleted entries from {entry} on was forged.",
    BreakKind.ERASURE: "Entry {entry} was erased, or changed after its erasure, by something else than MXM.",
    BreakKind.CHAIN: "The record of the chain that begins with entry {entry} was forged or deleted.",
    BreakKind.RESTARTED: (
        "The end of the audit log or the record of its chains was changed before entry {entry}: MXM found it so and "
        "began another chain."
    ),
    BreakKind.FOREIGN: "Entry {entry} is of another server key, between entries of the present one.",
    BreakKind.ACCEPTED: (
        "Entry {entry} or the one after it was changed again, after an admin had accepted a break there."
    ),
    BreakKind.HEAD: "The record of the newest entry, {entry}, was forged or deleted.",
    BreakKind.TAIL: "The newest entry, {entry}, is missing.",
    BreakKind.BEYOND: "Entry {entry} was added at the end by something else than MXM.",
    BreakKind.OTHER_KEY: "The newest entries, from {entry}, are of another server key than the present one.",
}

#: The same for several entries, up to `{last}`.
_RANGES = {
    BreakKind.MISSING: "Entries {entry} to {last} are missing.",
    BreakKind.CHANGED: "Entries {entry} to {last} were changed, or are in other places.",
    BreakKind.UNHASHED: "Entries {entry} to {last} have no hashes: MXM did not write them.",
    BreakKind.INSERTED: "Entries {entry} to {last} are in a place where MXM left none.",
    BreakKind.BLOCK: (
        "One of entries {entry} to {last}, from before entries had hashes, was changed, added or deleted."
    ),
    BreakKind.ERASURE: (
        "Entries {entry} to {last} were erased, or changed after their erasure, by something else than MXM."
    ),
    BreakKind.FOREIGN: "Entries {entry} to {last} are of another server key, between entries of the present one.",
    BreakKind.ACCEPTED: (
        "One of entries {entry} to {last} or the one after them was changed again, after an admin had accepted breaks "
        "there."
    ),
    BreakKind.TAIL: "The newest entries, {entry} to {last}, are missing.",
    BreakKind.BEYOND: "Entries {entry} to {last} were added at the end by something else than MXM.",
}

BUT_ACCEPTED = " but for what an admin accepted"

WHAT_TO_DO = "Keep a copy of the data folder, find out who can write to it, and compare with a backup."
OTHER_KEY_WHAT_TO_DO = (
    "Bring MXM_SECRET_KEY or mxm.key back. If the key is lost, script/mxm key accept begins a chain under the present "
    "one."
)
SPANS_WHAT_TO_DO = "Was the server key changed on purpose?"
ACCEPT = "I have seen this"
HOW_TO_ACCEPT = f'Once it is explained, an admin accepts it: "{ACCEPT}" on Audit log, or script/mxm audit accept.'
ACCEPT_HELP = "The alarm becomes a remark with a date, here and in reports. What breaks later is reported again."
NOTHING_TO_ACCEPT = "Nothing is there to accept."
ASKED = "Type yes to accept this: it stays on record, and no longer counts as an alarm. "
NOT_ACCEPTED = "Nothing was accepted."
CHANGED_SINCE = (
    "The audit log changed after the check that you saw, so nothing was accepted. Read what MXM finds now, then accept "
    "that."
)


def broken(found: Break) -> str:
    """Say what is wrong from which entry on."""
    if found.last > found.entry and found.kind in _RANGES:
        return _RANGES[found.kind].format(entry=f"{found.entry:,}", last=f"{found.last:,}")
    return _BREAKS[found.kind].format(entry=f"{found.entry:,}")


def what_to_do(kind: BreakKind | None) -> str:
    """Say what an admin does about a break; None is one that is not listed."""
    return OTHER_KEY_WHAT_TO_DO if kind is BreakKind.OTHER_KEY else f"{WHAT_TO_DO} {HOW_TO_ACCEPT}"


def breaks(found: Verification) -> list[str]:
    """Return the breaks, a sentence each, and how many there are besides."""
    more = found.more + max(len(found.breaks) - _LISTED, 0)
    lines = [broken(each) for each in found.breaks[:_LISTED]]
    return [*lines, f"There {'is' if more == 1 else 'are'} {count(more, 'more break')}."] if more else lines


def problems(found: Verification) -> list[str]:
    """Return what is wrong and what to do; nothing when the log is intact."""
    spans = [unverified(span) for span in found.unverified]
    if found.breaks or found.more:
        first, *others = breaks(found)
        kind = found.broken.kind if found.broken else None
        return [f"The audit log is broken. {first}", *others, *spans, what_to_do(kind)]
    if spans:
        first, *others = spans
        return [f"Not all of the audit log can be verified. {first}", *others, f"{SPANS_WHAT_TO_DO} {HOW_TO_ACCEPT}"]
    return []


def verification(found: Verification) -> list[str]:
    """Return the result of a verification, line by line."""
    entries = f"{count(found.entries, 'entry', 'entries')} in {count(found.chains, 'chain')}"
    if found.intact:
        lines = [f"The audit log is intact{BUT_ACCEPTED if found.accepted else ''}: {entries}."]
    else:
        lines = [*problems(found), f"Intact: {entries}."]
    if found.earlier:
        lines.append(f"{found.earlier:,} of them are from before entries had hashes, signed in blocks.")
    if found.checkpoints:
        lines.append(f"{count(found.checkpoints, 'checkpoint')} for entries that retention deleted.")
    if found.erased:
        lines.append(f"{count(found.erased, 'entry', 'entries')} with erased fields.")
    return [*lines, *remarks(found), f"Newest entry: {found.last:,}, hash {found.link}"]


def intact(found: Verification) -> str:
    """Say that every entry is intact."""
    return f"all {found.entries:,} entries are intact" if found.entries != 1 else "its one entry is intact"


def checked(found: Verification, when: str) -> str:
    """Say when the log was checked, and that it is intact."""
    but = "apart from what an admin accepted, " if found.accepted else ""
    return " ".join([f"Checked {when}: {but}{intact(found)}.", *remarks(found)])


def unverified(span: Span) -> str:
    """Say which entries are of another key."""
    if not span.entries:
        return f"Deleted entries from {span.first:,} to {span.last:,}: their checkpoint is of another server key."
    many = count(span.entries, "entry", "entries")
    return f"{many} from {span.first:,} to {span.last:,}: of another server key, so that only their order is checked."


def accepted(it: Acceptance) -> str:
    """Say since when an admin has accepted what was found at some entries."""
    which = f"Entry {it.first:,}" if it.first == it.last else f"Entries {it.first:,} to {it.last:,}"
    return f"{which}: not as MXM wrote them, accepted by an admin on {datetime.fromtimestamp(it.at, UTC):%Y-%m-%d}."


def remarks(found: Verification) -> list[str]:
    """Return what admins accepted, a sentence each, and how many there are besides."""
    more = len(found.accepted) - _LISTED
    lines = [accepted(each) for each in found.accepted[:_LISTED]]
    return [*lines, f"{count(more, 'more place')} that an admin accepted."] if more > 0 else lines


def accepts(found: Verification) -> str:
    """Say in the audit log what an admin accepts."""
    return " ".join([*breaks(found), *(unverified(span) for span in found.unverified[:_LISTED])])
