"""Read rows pasted from a spreadsheet, a mail program or a text."""

import re

#: The name of the rows where a file would have its file name.
NAME = "Pasted rows"

_ADDRESS = r"[^\s@<>,;]++@[^\s@<>,;]++"
#: `Jan Bos <jan@a.nl>` as mail programs write it.
_ENTRY = re.compile(rf'(?:"[^"]*+"\s*+|[^"<>@,;]*+)<({_ADDRESS})>|({_ADDRESS})')
_BETWEEN = re.compile(r"\s*+[,;]\s*+")
_BETWEEN_WORDS = re.compile(r"[\s,;<>]+")


def to_file(text: str) -> bytes:
    """Return pasted text as a file to read.

    A list of addresses, as mail programs write it, gets a row for each address.
    """
    found = [_addresses(line) for line in text.splitlines() if line.strip()]
    if all(found) and _is_list(text, {len(addresses) for addresses in found}):
        text = "\n".join(address for addresses in found for address in addresses)
    return text.encode(errors="replace")


def _is_list(text: str, in_a_line: set[int]) -> bool:
    """Return whether lines of addresses are a list.

    The same number of addresses in each line may be a table, with recovery emails.
    """
    return "<" in text or len(in_a_line) > 1 or len(text.strip().splitlines()) == 1


def _addresses(line: str) -> list[str]:
    """Return the addresses of a line; empty if it holds anything else."""
    found, at = [], len(line) - len(line.lstrip())
    line = line.rstrip(" \t,;")
    while at < len(line):
        entry = _ENTRY.match(line, at)
        if entry is None:
            return []
        found.append(entry[1] or entry[2])
        gap = _BETWEEN.match(line, entry.end())
        if gap is None:
            return found if entry.end() == len(line) else []
        at = gap.end()
    return found


def addresses_in(text: str, domain: str) -> list[str]:
    """Return the addresses in a text, in lower case, each once.

    In a line without an address, every word is a username of `domain`.
    """
    found: dict[str, None] = {}
    for line in text.lower().splitlines():
        words = [word for piece in _BETWEEN_WORDS.split(line) if (word := piece.strip(".:'\"()[]"))]
        whole = [word for word in words if "@" in word.strip("@")]
        found |= dict.fromkeys(whole or [f"{word}@{domain}" for word in words if "@" not in word])
    return list(found)
