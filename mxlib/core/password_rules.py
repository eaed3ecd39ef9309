"""Rules of passwords that owners of mailboxes choose."""

from collections.abc import Collection, Iterator
from enum import StrEnum

from mxlib.core import arrow_text, password_strength, passwords
from mxlib.core.password_strength import Weakness

#: Characters: a mailbox has no second factor, and MXroute takes at most 72.
MIN_LENGTH, MAX_LENGTH = 10, 72

#: Guesses that a password has to withstand, as a power of 10. Three patterns in a row, such as `Abcdefg123!`, have 10^8
#: and more; ten random characters have 10^10. Nobody gets at a hash, and the mail server slows down guesses.
LEAST_GUESSES = 9.0

#: Characters that are looked at, so that a long text costs as little.
_LOOKED_AT = 4 * MAX_LENGTH

#: Names of a mailbox that are looked at.
_MOST_WORDS = 60


class PasswordProblem(StrEnum):
    """Codes of why a password was not set; they never change."""

    MISSING = "missing"
    DIFFERENT = "different"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_CAPITAL = "no_capital"
    NO_SMALL_LETTER = "no_small_letter"
    NO_DIGIT = "no_digit"
    BLANK_AT_END = "blank_at_end"
    #: Characters that some mail programs send otherwise than they were typed.
    NOT_ACCEPTED = "not_accepted"
    OWN_NAME = "own_name"
    COMMON = "common"
    WEAK = "weak"
    #: What happened at MXroute, not what is wrong with the password.
    BUSY = "busy"
    NOT_ANSWERED = "not_answered"
    HOST_DOWN = "host_down"
    REFUSED = "refused"
    ENDED = "ended"


#: Problems that another password solves.
OF_PASSWORD = tuple(each for each in PasswordProblem if each not in {"busy", "not_answered", "host_down", "ended"})

#: What a password may lack, in the order of the bits of `passwords.scan`.
_LACKS = (None, PasswordProblem.NO_CAPITAL, PasswordProblem.NO_SMALL_LETTER, PasswordProblem.NO_DIGIT)


def words_of(address: str, name: str = "", *more: str) -> list[str]:
    """Return words that no password may be made of: of name, address, and more such as the agency."""
    username, _, domain = address.partition("@")
    found = password_strength.words(address, username, domain, name, *more)
    joined = ("".join(filter(str.isalnum, each.casefold())) for each in (username, name, *more))
    return list(dict.fromkeys([*found, *(each for each in joined if len(each) > 2)]))[:_MOST_WORDS]


def check_new_password(password: str, again: str, words: Collection[str]) -> tuple[PasswordProblem, ...]:
    """Return everything that is wrong with a password that was typed twice.

    `words` are those of `words_of`. It takes up to a second of the processor.
    """
    return tuple(dict.fromkeys(_problems(password, again, words)))


def _problems(password: str, again: str, words: Collection[str]) -> Iterator[PasswordProblem]:
    if password != again:
        yield PasswordProblem.DIFFERENT
    if passwords.is_missing(password[:_LOOKED_AT]):
        yield PasswordProblem.MISSING
        return
    if len(password) > MAX_LENGTH:
        yield PasswordProblem.TOO_LONG
        return
    if len(password) < MIN_LENGTH:
        yield PasswordProblem.TOO_SHORT
    scan = passwords.scan(arrow_text.texts([password]))
    yield from (lack for bit, lack in enumerate(_LACKS) if lack and int(scan.lacking[0]) >> bit & 1)
    if scan.blank_at_an_end[0]:
        yield PasswordProblem.BLANK_AT_END
    if not (password.isascii() and password.isprintable()) or scan.hashed[0]:
        yield PasswordProblem.NOT_ACCEPTED
    yield from _weakness(password, words)


def _weakness(password: str, words: Collection[str]) -> Iterator[PasswordProblem]:
    """Return why a password is easy to guess.

    What its names leave over has to be strong by itself.
    """
    rest = _without(password, words)
    if rest != password.casefold() and password_strength.estimate(rest, words).guesses < LEAST_GUESSES:
        yield PasswordProblem.OWN_NAME
        return
    found = password_strength.estimate(password, words)
    if found.guesses >= LEAST_GUESSES:
        return
    if Weakness.OWN_NAME in found.weaknesses:
        yield PasswordProblem.OWN_NAME
    elif {Weakness.COMMON_PASSWORD, Weakness.PRODUCT_NAME}.intersection(found.weaknesses):
        yield PasswordProblem.COMMON
    elif len(password) >= MIN_LENGTH:  # a short one is weak because it is short
        yield PasswordProblem.WEAK


def _without(password: str, words: Collection[str]) -> str:
    """Return a password in lower case without these words."""
    rest = password.casefold()
    for word in sorted(words, key=len, reverse=True)[:_MOST_WORDS]:
        rest = rest.replace(word, "")
    return rest
