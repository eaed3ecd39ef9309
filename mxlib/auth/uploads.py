"""Uploads: who may send one to which open page, and how many bytes stay in memory.

Streamlit accepts a file for any open page, from anyone who knows the page's number, and keeps it until long after that
page is closed. The middleware asks here first.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from mxlib.auth.permissions import Caller

PLACE = "/_stcore/upload_file/"

#: Most files and bytes of one page, and most bytes of all pages together.
MOST_FILES, MOST_BYTES, MOST_IN_ALL = 2, 30_000_000, 200_000_000

_NO_RIGHT = "You may not import into any domain, so no file is taken. Ask an admin for that permission."
_NOT_YOURS = "This page was opened in another session, so it takes no file from here. Reload the page."
_NO_PAGE = "The page that this file is for is closed. Reload the page, and choose the file again."
_UNDER_WAY = "Other files are still on their way to this page. Wait until they are there, then choose this one again."
_FULL = f"Uploads of {MOST_IN_ALL // 1_000_000} MB wait here to be imported. Try again in a few minutes."


class UploadRefused(Exception):
    """An upload is refused.

    The message says why, with `status` and `code` as in the API.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class UploadStore(Protocol):
    """Store of uploads."""

    def may_import(self, caller: Caller) -> bool:
        """Return whether the caller may import into any domain of the account now."""

    def opened_by(self, page: str) -> str | None:
        """Return the session that a page was opened in, blank without one.

        None when the page is not open.
        """

    def files(self, page: str) -> Mapping[str, int]:
        """Return the bytes of each file of a page, the oldest first."""

    def total(self) -> int:
        """Return the bytes of all files of all pages."""

    def drop(self, page: str, file: str) -> None:
        """Delete a file."""

    def sweep(self) -> None:
        """Delete the files of pages that are closed."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way: its page, its own number, its bytes."""

    page: str
    file: str
    size: int


class Uploads:
    """Admits uploads one by one, within the limits; only the event loop calls it."""

    def __init__(self, store: UploadStore, *, most_bytes: int = MOST_BYTES) -> None:
        """`most_bytes` of one page: at least what one file may have."""
        self._store, self._most = store, most_bytes
        self._coming: list[Upload] = []

    @contextmanager
    def reserved(self, path: str, size: int, session: str, *, may_import: bool) -> Iterator[None]:
        """Reserve memory for an upload while it comes in; raises UploadRefused.

        The oldest files of the same page are deleted to make space.
        """
        page, _, file = path.removeprefix(PLACE).partition("/")
        upload = Upload(page, file, size)
        if not may_import:
            raise UploadRefused(403, "FORBIDDEN", _NO_RIGHT)
        self._must_be_open_to(page, session)
        self._make_room(upload)
        self._coming.append(upload)
        try:
            yield
        finally:
            self._coming.remove(upload)

    def must_be_open_to(self, path: str, session: str) -> None:
        """Raise UploadRefused unless the page that a file is for was opened in this session."""
        self._must_be_open_to(path.removeprefix(PLACE).partition("/")[0], session)

    def may_import(self, caller: Caller) -> bool:
        """Return whether the caller may import into any domain of the account now."""
        return self._store.may_import(caller)

    def sweep(self) -> None:
        """Delete the files of pages that are closed."""
        self._store.sweep()

    def _must_be_open_to(self, page: str, session: str) -> None:
        opened_by = self._store.opened_by(page)
        if opened_by is None:
            raise UploadRefused(404, "NOT_FOUND", _NO_PAGE)
        if opened_by != session:
            raise UploadRefused(403, "FORBIDDEN", _NOT_YOURS)

    def _make_room(self, upload: Upload) -> None:
        coming = [each for each in self._coming if each.page == upload.page]
        if any(each.file == upload.file for each in coming):
            raise UploadRefused(409, "CONFLICT", _UNDER_WAY)
        files, size = len(coming) + 1, sum(each.size for each in coming) + upload.size
        if files > MOST_FILES or size > self._most:
            raise UploadRefused(429 if coming else 413, "TOO_LARGE", _UNDER_WAY)
        kept = {file: held for file, held in self._store.files(upload.page).items() if file != upload.file}
        while kept and (files + len(kept) > MOST_FILES or size + sum(kept.values()) > self._most):
            oldest = next(iter(kept))
            del kept[oldest]
            self._store.drop(upload.page, oldest)
        if self._too_much(upload):
            self._store.sweep()
            if self._too_much(upload):
                raise UploadRefused(503, "BUSY", _FULL)

    def _too_much(self, upload: Upload) -> bool:
        coming = sum(each.size for each in self._coming)
        return self._store.total() + coming + upload.size > MOST_IN_ALL
