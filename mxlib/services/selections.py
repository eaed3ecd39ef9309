"""Mailboxes that a caller ticked, kept for a while so that a plain link can take them away as a file."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.services.exports import ExportService, File, NotFound

#: Selections of all callers that are kept; each is a few addresses.
MOST = 500

_GONE = "This selection is no longer kept. Tick the mailboxes again."


@resolves_callers
class SelectionService:
    """Remembers selections under ids that tell nothing and that only their caller can use."""

    def __init__(self, exports: ExportService) -> None:
        self._exports = exports
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[str, tuple[str, ...]]] = OrderedDict()

    def keep(self, caller: Caller, addresses: Sequence[str]) -> str:
        """An id for these mailboxes; the same ones of the same caller have the same id."""
        told = "\n".join([caller.name, *addresses]).encode()
        number = hashlib.blake2b(told, key=self._key, digest_size=16).hexdigest()
        with self._lock:
            self._kept[number] = (caller.name, tuple(addresses))
            self._kept.move_to_end(number)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return number

    def file(self, caller: Caller, number: str, kind: str) -> File:
        """The selection as `csv` or `xlsx`; raises NotThere, Forbidden, Silent."""
        with self._lock:
            owner, addresses = self._kept.get(number, ("", ()))
        if owner != caller.name or not addresses:
            raise NotFound(_GONE)
        return self._exports.some_file(caller, addresses, kind)
