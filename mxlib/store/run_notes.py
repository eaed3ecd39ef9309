"""Notes about the file of a run, encrypted with the server's key: they quote titles and headers of the file."""

import json
from collections.abc import Sequence

from mxlib.core import notes
from mxlib.core.notes import Note
from mxlib.store.encryption import DecryptionFailed, ServerKey

#: Place that the seal is bound to.
_PLACE = "notes of a run"


def seal(key: ServerKey, found: Sequence[Note]) -> bytes | None:
    """Return the sealed notes; None without any."""
    return key.seal(json.dumps([note.to_json() for note in found]).encode(), _PLACE) if found else None


def unseal(key: ServerKey, sealed: bytes | None) -> tuple[Note, ...]:
    """Return the notes that were sealed; none when another key sealed them."""
    if sealed is None:
        return ()
    try:
        return tuple(map(notes.from_json, json.loads(key.open(sealed, _PLACE))))
    except DecryptionFailed:
        return ()
