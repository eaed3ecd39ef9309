"""Passwords of people who sign in: what one has to be, and how it is kept."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

LEAST = 12

#: Long enough for any phrase, short enough that hashing one costs no more than another.
MOST = 256

#: Different characters, so that "aaaaaaaaaaaa" is none.
VARIED = 5

_hasher = PasswordHasher()


class Unfit(Exception):
    """What was given can not be taken; the message says why and what to do."""


def fit(password: str, name: str) -> None:
    """Raise Unfit unless `password` may be that of the user of that name."""
    if len(password) < LEAST:
        raise Unfit(f"The password has {len(password)} characters; {LEAST} are needed. A few words in a row will do.")
    if len(password) > MOST:
        raise Unfit(f"The password has {len(password):,} characters; {MOST} are the most.")
    if len(set(password)) < VARIED:
        raise Unfit(f"The password repeats too few characters; use {VARIED} different ones at least.")
    if _plain(password).casefold().strip() == name.casefold():
        raise Unfit("The password is the name. Choose another.")


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(_plain(password))


def holds(password: str, kept: str | None) -> bool:
    """Whether `kept` was made of `password`; it takes as long when nothing is kept, so that time tells no names."""
    nobodys = _nobodys()  # made at the first sign-in after a start, whoever that is of
    try:
        return _hasher.verify(kept or nobodys, _plain(password[: MOST * 4])) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether what is kept was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _plain(password: str) -> str:
    """One form for what different keyboards send for the same characters."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")
