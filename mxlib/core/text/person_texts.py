"""Texts about the data of one person: what was erased, and what stays and why."""

from collections.abc import Iterable

from mxlib.core.format import count

ALWAYS = (
    "Backups made before still hold it, until they are deleted. MXroute and the sign-in provider hold their own.",
    "Time, kind and outcome of what was done stay, without the person: they prove what this server did.",
)

#: Of an address that is in no text and no table.
NOTHING = "Nothing names this address."

#: After an erasure that stopped on its way.
UNFINISHED = (
    "The erasure is not complete: what was erased until then stays erased. Run the same command again to finish it."
)

_STAYS = {
    "run": "Run {which} is not at its end: its row stays. Stop the run or wait, then erase again.",
    "write": (
        "A manual change that names this person, or its password, waits for its outcome. Wait for it, or press "
        "Forget it on the mailbox's page, then erase again."
    ),
    "draft": "A draft names this person, {which}: it goes when it is started or discarded, or for its age.",
    "host": "MXroute still lists this mailbox: MXM shows it until it is deleted there.",
}


def stays(kind: str, which: str) -> str:
    """Say what stays, why, and what to do."""
    return _STAYS[kind].format(which=which)


def asked(address: str) -> str:
    """Ask before an erasure."""
    return (
        f"This erases what MXM holds of {address}, for good: recovery email, full name, rows of ended runs, sign-in "
        "data and the texts of audit entries. Type the address to erase it: "
    )


def erased(rows: int, entries: int, values: int, *, user: bool) -> str:
    """Say what was erased, without naming the person."""
    parts = [count(entries, "audit entry", "audit entries"), count(rows, "row of runs", "rows of runs")]
    parts.append(count(values, "stored value"))
    return ", ".join(parts) + (", the user" if user else "")


def still_a_user(name: str) -> str:
    """Say that an active user is not erased."""
    return f"{name} may still sign in. Disable the user first: script/mxm user disable {name}"


def report(done: str, left: Iterable[tuple[str, str]], *, clean: bool) -> list[str]:
    """Return the result of an erasure, line by line."""
    files = "No file of this server holds it any more." if clean else "The server clears its files within minutes."
    return [f"Erased: {done}. {files}", *(stays(kind, which) for kind, which in left), *ALWAYS]
