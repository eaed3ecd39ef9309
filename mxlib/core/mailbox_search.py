"""Search of mailboxes: the matches of a query, and their order."""

from collections.abc import Sequence
from functools import lru_cache

from mxlib.core.addresses import fold_case
from mxlib.core.mapping.usernames import spell_out

#: Ranks of a match, best first.
_BEGINS_USERNAME, _BEGINS_WORD, _IN_PERSON, _IN_RECOVERY, _IN_DOMAIN = range(5)

#: Words of a search that count; a longer one is a paste by mistake.
MAX_WORDS = 10

_SEPARATORS = str.maketrans("._-+", "    ")


class Query:
    """The words of a search, each of which a mailbox must contain, in any order.

    Case and accents do not matter, and ü is found as u and as ue. Only the first MAX_WORDS different words count.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip().lower()
        self._words = [_forms(word) for word in list(dict.fromkeys(self.text.split()))[:MAX_WORDS]]

    def __bool__(self) -> bool:
        return bool(self._words)

    def rank(self, address: str, name: str = "", recovery_email: str = "") -> int | None:
        """Return how well a mailbox matches, 0 best; None when a word is missing. Its address is in lower case.

        The worst matched word counts: people come before all mailboxes of a domain with a similar name.
        """
        person = f" {address.partition('@')[0]} {_folded(name)}"
        texts = address, person, person.translate(_SEPARATORS), _folded(recovery_email)
        worst = 0
        for forms in self._words:
            found = min((rank for form in forms if (rank := _rank(form, texts)) is not None), default=None)
            if found is None:
                return None
            worst = max(worst, found)
        return worst


def _rank(word: str, texts: tuple[str, str, str, str]) -> int | None:
    address, person, words, recovery_email = texts
    if address.startswith(word):
        return _BEGINS_USERNAME
    if f" {word}" in words:
        return _BEGINS_WORD
    if word in person:
        return _IN_PERSON
    if word in recovery_email:
        return _IN_RECOVERY
    return _IN_DOMAIN if word in address else None


def _forms(text: str) -> Sequence[str]:
    """Return the ways of writing a text without accents."""
    return (text,) if text.isascii() else tuple({fold_case(text), fold_case(spell_out(text))} - {""}) or (text,)


def _folded(text: str) -> str:
    """Return every form of a text in lower case, in one text."""
    return text.lower() if text.isascii() else _folded_beyond_ascii(text)


@lru_cache(maxsize=16_384)  # each key of a search asks for the same ones
def _folded_beyond_ascii(text: str) -> str:
    return "\n".join(sorted({text.lower(), *_forms(text)}))
