"""Rows pasted from a spreadsheet, a mail program or a text."""

import re

#: What the rows are called where a file has a name.
NAME = "Pasted rows"

_ADDRESS = r"[^\s@<>,;]+@[^\s@<>,;]+"
#: `Jan Bos <jan@a.nl>` as mail programs write it.
_ENTRY = re.compile(rf'(?:"[^"]*"|[^"<>@,;]*)\s*<({_ADDRESS})>|({_ADDRESS})')
_BETWEEN = re.compile(r"\s*[,;]\s*")


def as_file(text: str) -> bytes:
    """What was pasted, as a file to read; a line of several addresses, which is no table, becomes a row for each."""
    lines = text.splitlines()
    found = [_addresses(line) for line in lines if line.strip()]
    if found and all(found) and any(len(addresses) > 1 or "<" in text for addresses in found):
        lines = [address for addresses in found for address in addresses]
        return "\n".join(lines).encode()
    return text.encode(errors="replace")


def _addresses(line: str) -> list[str]:
    """The addresses of a line that holds nothing else."""
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
