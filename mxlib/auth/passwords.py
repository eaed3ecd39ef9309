"""Passwords of people who sign in: the policy, and hashing."""

import unicodedata
from collections.abc import Collection
from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from mxlib.core import password_strength
from mxlib.core.text.password_strength import weak
from mxlib.settings import Settings

MIN_LENGTH = 12

#: The policy in one sentence, for fields of a new password.
POLICY = f"At least {MIN_LENGTH} characters and hard to guess: four unconnected words are enough."

#: Long enough for any phrase, short enough that hashing one costs as much as any other.
MAX_LENGTH = 256

#: Days until a password ends that another person made.
TEMPORARY_DAYS = 7

_hasher = PasswordHasher()


class InvalidPassword(Exception):
    """A password, name or other input is not valid.

    The message says why and what to do.
    """


def check_policy(password: str, name: str, known: Collection[str] = ()) -> None:
    """Raise InvalidPassword unless `password` may be that of the user of that name.

    `known` are names, such as the agency's, that make a password easy to guess.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidPassword(
            f"The password has {len(password)} characters; {MIN_LENGTH} are needed. A few words in a row will do."
        )
    if len(password) > MAX_LENGTH:
        raise InvalidPassword(f"The password has {len(password):,} characters; {MAX_LENGTH} are the most.")
    plain = _plain(password)
    if plain.casefold().strip() == name.casefold():
        raise InvalidPassword("The password is the name. Choose another.")
    strength = password_strength.estimate(plain, [*password_strength.words(name), *known])
    if strength.score < password_strength.STRONG:
        raise InvalidPassword(
            f"The password is easy to guess: it holds {weak(strength.weaknesses)}. Take four or more words that have "
            "nothing to do with each other, or let a password manager make one."
        )


def agency_words(settings: Settings) -> list[str]:
    """Return the names of the agency, as far as the settings show them."""
    try:
        host = urlsplit(settings.public_url).hostname or ""
    except ValueError:  # another check refuses this setting
        host = ""
    return password_strength.words(settings.user, settings.server, host)


def hash_password(password: str) -> str:
    """Return the hash to store of a password."""
    return _hasher.hash(_plain(password))


def verify_password(password: str, kept: str | None) -> bool:
    """Return whether `kept` is the hash of `password`.

    It takes as long without a hash, so that time does not reveal names.
    """
    nobodys = _nobodys()  # hashed at the first sign-in after a start, of any name
    try:
        return _hasher.verify(kept or nobodys, _plain(password[: MAX_LENGTH * 4])) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def needs_rehash(kept: str) -> bool:
    """Return whether a stored hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _plain(password: str) -> str:
    """Return one form for what different keyboards send for the same characters."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")
