"""The format of a backup: pieces of data, encrypted under a passphrase.

A file begins with MAGIC, the version of the format (one byte) and a random salt. Chunks follow, each sealed with
AES-256-GCM under a key that scrypt derives from the passphrase and the salt. The nonce of a chunk is its number, and
whether it is the last one; the header is authenticated with each chunk. So a chunk that is changed, moved, missing or
appended is found.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mxlib.core.text import backups

MAGIC = b"MXM backup\n"
VERSION = 1

#: Bytes of data in each chunk but the last.
CHUNK = 1_048_576

_SALT, _TAG = 32, 16
_HEADER = len(MAGIC) + 1 + _SALT

#: The cost of version 1: 128 MB of memory, and about half a second.
_COST = 2**17


class BackupError(Exception):
    """A backup cannot be made or restored; the message is one sentence for people."""


def seal(pieces: Iterable[bytes], target: BinaryIO, passphrase: str) -> None:
    """Write `pieces` to `target`, encrypted."""
    header = MAGIC + bytes([VERSION]) + os.urandom(_SALT)
    cipher, number, buffer = _cipher(header, passphrase), 0, bytearray()
    target.write(header)
    for piece in pieces:
        buffer += piece
        while len(buffer) > CHUNK:
            target.write(cipher.encrypt(_nonce(number), bytes(buffer[:CHUNK]), header))
            del buffer[:CHUNK]
            number += 1
    target.write(cipher.encrypt(_nonce(number, last=True), bytes(buffer), header))


def unseal(source: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """Yield the data of a file chunk by chunk.

    Each chunk is authentic and in its place. Raises BackupError, for a file that was cut short after its last whole
    chunk.
    """
    header = source.read(_HEADER)
    if header[: len(MAGIC)] != MAGIC or len(header) < _HEADER:
        raise BackupError(backups.NOT_A_BACKUP)
    if header[len(MAGIC)] != VERSION:
        raise BackupError(backups.other_format(header[len(MAGIC)]))
    cipher, number, block = _cipher(header, passphrase), 0, source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), block, header)
        except InvalidTag:
            raise BackupError(backups.DAMAGED if number else backups.WRONG_PASSPHRASE) from None
        if not following:
            return
        number, block = number + 1, following


def _cipher(header: bytes, passphrase: str) -> AESGCM:
    # That of `hashlib` lets other threads work meanwhile.
    memory = 128 * 8 * _COST + 2**20
    return AESGCM(hashlib.scrypt(passphrase.encode(), salt=header[-_SALT:], n=_COST, r=8, p=1, maxmem=memory, dklen=32))


def _nonce(number: int, *, last: bool = False) -> bytes:
    """Return the nonce of a chunk.

    Each file has a key of its own, since it has a salt of its own.
    """
    return number.to_bytes(11, "big") + bytes([last])
