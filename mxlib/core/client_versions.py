"""Versions of clients, so that no admin overwrites the change of another unseen."""

import hashlib
import re
from collections.abc import Callable, Mapping

from mxlib.core.clients import ClientDetails, InvalidClient

#: The parts of a client as sentences name them, in the order of a version.
_PARTS: Mapping[str, Callable[[ClientDetails], object]] = {
    "name": lambda details: details.name,
    "domains": lambda details: details.domains,
    "contacts": lambda details: details.contacts,
    "language": lambda details: details.language,
    "quota of a new mailbox": lambda details: details.terms.default_quota,
    "largest quota": lambda details: details.terms.max_quota,
    "number of mailboxes": lambda details: details.terms.max_mailboxes,
    "notes": lambda details: details.notes,
    "self-service reset": lambda details: details.self_service,
}

#: Characters of the hash of one part.
_LENGTH = 8
_VERSION = re.compile(rf"[0-9a-f]{{{_LENGTH * len(_PARTS)}}}")


def version_of(details: ClientDetails) -> str:
    """Return the version of a client: a hash of each part."""
    return "".join(map(_hashed, (read(details) for read in _PARTS.values())))


def changed_parts(details: ClientDetails, version: str) -> tuple[str, ...]:
    """Return the names of the parts that differ from those of `version`.

    Raises InvalidClient for a text that is no version.
    """
    if not _VERSION.fullmatch(version):
        raise InvalidClient("version", "version: send the version of the client as it was last read.")
    hashes = (version[at : at + _LENGTH] for at in range(0, len(version), _LENGTH))
    return tuple(
        name for (name, read), old in zip(_PARTS.items(), hashes, strict=True) if _hashed(read(details)) != old
    )


def _hashed(part: object) -> str:
    return hashlib.sha256(repr(part).encode()).hexdigest()[:_LENGTH]
