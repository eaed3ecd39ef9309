"""Encryption keys: the server's own, and one for each run's passwords.

The server's key wraps the key of each run. Deleting a run's wrapped key makes its passwords unreadable for good,
wherever copies of them are.
"""

import hashlib
import hmac
import json
import os
import re
import tempfile
from collections.abc import Iterable
from json.encoder import encode_basestring_ascii
from math import isfinite
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mxlib.core.text import store_problems
from mxlib.store.errors import StoreNotOpened

#: A secret that is the key of a file, for a database without one.
_OF_FILE = re.compile(r"mxm\.key:([0-9a-f]{64})")

_NONCE = 12
_KEY = 32


class DecryptionFailed(Exception):
    """Sealed data cannot be decrypted with this key; the message says what to do."""


class Key:
    """A 256-bit key that seals and opens small secrets; its repr shows nothing."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, place: str) -> bytes:
        """Return `secret` encrypted, and bound to `place`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what was sealed for `place`; raises DecryptionFailed when key or place differ."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except InvalidTag:
            raise DecryptionFailed(
                "The server key is not the one that sealed these passwords. Bring MXM_SECRET_KEY or mxm.key back."
            ) from None


class RunKey(Key):
    """The key of one run's passwords."""

    def seal_password(self, password: str, position: int) -> bytes:
        """Return the sealed password of the row at `position`."""
        return self.seal(password.encode(), f"row {position}")

    def open_password(self, sealed: bytes, position: int) -> str:
        """Return the password of the row at `position`."""
        return self.open(sealed, f"row {position}").decode()


_json = json.JSONEncoder(separators=(",", ":"), default=lambda data: [data.hex()]).encode


def _parts(parts: Iterable[object]) -> str:
    """Return the parts of a hash as JSON: whatever they hold, different parts give different text.

    Bytes are lists. Each hash of the audit log needs this twice, and an encoder made for each costs five times as much.
    """
    return f"[{','.join([_part(part) for part in parts])}]"


def _part(part: object) -> str:
    if type(part) is str:
        return encode_basestring_ascii(part)
    if type(part) is bytes:
        return f'["{part.hex()}"]'
    if part is None:
        return "null"
    number = type(part) is int or (type(part) is float and isfinite(part))
    return repr(part) if number else _json(part)


def keyed_hash(key: bytes, *parts: object) -> bytes:
    """Return the HMAC-SHA256 of the parts, in their order; the first says what they are.

    Parts are texts, numbers, bytes, None, and lists of them.
    """
    return hmac.digest(key, _parts(parts).encode(), "sha256")


class AuditKey:
    """The key of the audit log's hashes; its repr shows nothing."""

    __slots__ = ("_key", "id")

    def __init__(self, key: bytes) -> None:
        self._key = key
        #: Recognises the key, and gives nothing of it away.
        self.id = hashlib.sha256(b"mxm audit key" + key).digest()[:8]

    def mac(self, *parts: object) -> bytes:
        """Return the keyed hash of the parts."""
        return keyed_hash(self._key, *parts)


class ServerKey(Key):
    """The key that wraps the run keys: derived from MXM_SECRET_KEY, or in a file.

    That file is next to the database.
    """

    __slots__ = ("_codes", "_factors", "_marks", "audit", "check", "cookies")

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._marks = HKDF(SHA256(), _KEY, None, b"mxm marks").derive(key)
        self._factors = HKDF(SHA256(), _KEY, None, b"mxm second factors").derive(key)
        self._codes = HKDF(SHA256(), _KEY, None, b"mxm codes of mails").derive(key)
        #: Recognises the key, and gives nothing of it away.
        self.check = HKDF(SHA256(), _KEY, None, b"mxm key check").derive(key)[:16].hex()
        #: Signs cookies; the same after every start.
        self.cookies = HKDF(SHA256(), _KEY, None, b"mxm cookies").derive(key).hex()
        #: Signs the audit log, and nothing else.
        self.audit = AuditKey(HKDF(SHA256(), _KEY, None, b"mxm audit log").derive(key))

    @classmethod
    def make(cls, secret: str = "") -> Self:
        """Create the key that derives from `secret`.

        A random one, stored nowhere, when it is blank; the key of a file where `secret` has its digits.
        """
        if of_file := _OF_FILE.fullmatch(secret):
            return cls(bytes.fromhex(of_file[1]))
        return cls(
            HKDF(SHA256(), _KEY, None, b"mxm server key").derive(secret.encode()) if secret else os.urandom(_KEY)
        )

    @classmethod
    def load(cls, path: Path, secret: str = "") -> Self:
        """Return the key of `secret`, else of the file at `path`, created when missing."""
        if secret:
            return cls.make(secret)
        if not os.path.lexists(path):
            _make_file(path)
        try:
            key = bytes.fromhex(path.read_text())
        except OSError as error:
            raise StoreNotOpened(
                f"{store_problems.KEY_DAMAGED} It cannot be read ({error.strerror}).", "KEY_DAMAGED"
            ) from None
        except ValueError:
            key = b""
        if len(key) != _KEY:
            raise StoreNotOpened(store_problems.KEY_DAMAGED, "KEY_DAMAGED")
        return cls(key)

    def new_run_key(self) -> tuple[RunKey, bytes]:
        """Return a new run key, and the same wrapped for the store."""
        key = os.urandom(_KEY)
        return RunKey(key), self.seal(key, "run key")

    def mark(self, text: str) -> bytes:
        """Return a keyed hash (HMAC) of `text`, to recognise the same text without storing it.

        Without this key, nobody can test guesses against it.
        """
        return hmac.digest(self._marks, text.encode(errors="replace"), "sha256")

    def factor_secret(self, *parts: object) -> bytes:
        """Return a secret of a second factor, derived from the parts; the first says which.

        Its key hashes nothing else: `mark` hashes names that strangers type, and a stored hash must be no secret.
        """
        return keyed_hash(self._factors, *parts)

    def mail_code(self, number: int) -> bytes:
        """Return a keyed hash for the code of a mail, which nothing has to store."""
        return keyed_hash(self._codes, "mail", number)

    def unwrap(self, wrapped: bytes) -> RunKey:
        """Return the run key that was wrapped."""
        return RunKey(self.open(wrapped, "run key"))


def _make_file(path: Path) -> None:
    """Write a new key to `path`, whole or not at all.

    The first of two writers wins.
    """
    handle, written = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # 0600 and O_EXCL
    try:
        with os.fdopen(handle, "w") as file:
            file.write(os.urandom(_KEY).hex())
            file.flush()
            os.fsync(file.fileno())
        os.link(written, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(written)
