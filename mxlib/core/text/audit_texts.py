"""Texts about the proof of the audit log."""

from collections.abc import Callable, Mapping

from mxlib.core.audit_verification import Break, Span, Verification
from mxlib.core.format import count


def _key_changed(last: int) -> str:
    return f"The server key changed: the hashes of entries up to {last:,} are of the key before"


def _end_changed(last: int) -> str:
    return f"The end of the audit log was not as MXM left it: the hashes begin again after entry {last:,}"


#: What the first entry of another chain says, by why that begins.
NEW_CHAIN: Mapping[str, Callable[[int], str]] = {"key": _key_changed, "broken": _end_changed}

#: What is wrong, by kind of break; `{entry}` is the entry where it begins.
_BREAKS = {
    "missing": "Entry {entry} is missing.",
    "changed": "Entry {entry} was changed, or is in another place.",
    "unhashed": "Entry {entry} has no hash: MXM did not write it.",
    "inserted": "Entry {entry} is in a place where MXM left none.",
    "block": "Entry {entry}, from before entries had hashes, was changed or deleted.",
    "checkpoint": "The checkpoint of deleted entry {entry} was forged.",
    "erasure": "Entry {entry} was erased, or changed after its erasure, by something else than MXM.",
    "chain": "The record of the chain that begins with entry {entry} was forged or deleted.",
    "restarted": "The end of the audit log was changed before entry {entry}: MXM found it so and began another chain.",
    "head": "The record of the newest entry, {entry}, was forged or deleted.",
    "tail": "The newest entry, {entry}, is missing.",
    "beyond": "Entry {entry} was added at the end by something else than MXM.",
    "other_key": "The newest entries, from {entry}, are of another server key than the present one.",
}

#: The same for several entries, up to `{last}`.
_RANGES = {
    "missing": "Entries {entry} to {last} are missing.",
    "block": "One of entries {entry} to {last}, from before entries had hashes, was changed, added or deleted.",
    "checkpoint": "The checkpoint of the deleted entries {entry} to {last} was forged.",
    "tail": "The newest entries, {entry} to {last}, are missing.",
}

WHAT_TO_DO = (
    "Keep a copy of the data folder, find out who can write to it, and compare with a backup. Entries before the "
    "break hold."
)
OTHER_KEY_WHAT_TO_DO = (
    "If the key was changed on purpose, start the server once: it begins a chain under the new key. Else bring "
    "MXM_SECRET_KEY or mxm.key back."
)


def broken(found: Break) -> str:
    """Say what is wrong from which entry on."""
    if found.last > found.entry and found.kind in _RANGES:
        return _RANGES[found.kind].format(entry=f"{found.entry:,}", last=f"{found.last:,}")
    return _BREAKS[found.kind].format(entry=f"{found.entry:,}")


def what_to_do(kind: str) -> str:
    """Say what an admin does about a break."""
    return OTHER_KEY_WHAT_TO_DO if kind == "other_key" else WHAT_TO_DO


def verification(found: Verification) -> list[str]:
    """Return the result of a verification, line by line."""
    if found.broken is not None:
        return [f"The audit log is broken. {broken(found.broken)}", what_to_do(found.broken.kind)]
    lines = [f"The audit log holds: {count(found.entries, 'entry', 'entries')} in {count(found.chains, 'chain')}."]
    if found.earlier:
        lines.append(f"{found.earlier:,} of them are from before entries had hashes, signed in blocks.")
    if found.checkpoints:
        lines.append(f"{count(found.checkpoints, 'checkpoint')} for entries that retention deleted.")
    if found.erased:
        lines.append(f"{count(found.erased, 'entry', 'entries')} with erased fields.")
    lines += [unverified(span) for span in found.unverified]
    return [*lines, f"Newest entry: {found.last:,}, hash {found.link}"]


def holds(found: Verification) -> str:
    """Say that every entry holds."""
    return f"all {found.entries:,} entries hold" if found.entries != 1 else "its one entry holds"


def checked(found: Verification, when: str) -> str:
    """Say when the log was checked, and that it holds, in one sentence."""
    text = f"Checked {when}: {holds(found)}."
    return " ".join([text, *(unverified(span) for span in found.unverified)])


def unverified(span: Span) -> str:
    """Say which entries are of another key."""
    if not span.entries:
        return f"Deleted entries from {span.first:,} to {span.last:,}: their checkpoint is of another server key."
    many = count(span.entries, "entry", "entries")
    return f"{many} from {span.first:,} to {span.last:,}: of another server key, so that only their order is checked."
