"""The pattern of usernames that the mailboxes of a domain have."""

import pytest

from mxlib.core.arrow_text import texts
from mxlib.core.mapping import usernames
from mxlib.core.mapping.learned_patterns import learn
from mxlib.core.mapping.usernames import PATTERNS, Particles, UsernamePattern

USUAL = UsernamePattern()
PEOPLE = ["Lena Vogt", "Tim van der Berg", "Ida Sörensen", "Ole Krämer", "Noor Jansen"]


def made(pattern: UsernamePattern) -> list[tuple[str, str]]:
    """Return mailboxes of PEOPLE by a pattern."""
    blank = texts([""] * len(PEOPLE))
    who = usernames.people(blank, blank, blank, texts(PEOPLE))
    return list(zip(usernames.plain(who, pattern), PEOPLE, strict=True))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("spelled", [False, True])
def test_names_prove_the_pattern_and_the_spelling(pattern: str, spelled: bool) -> None:
    recipe = UsernamePattern(pattern, Particles.DROPPED, spelled)
    found = learn([("info", ""), *made(recipe)], USUAL)
    assert [username for username, _ in made(found)] == [username for username, _ in made(recipe)]


def test_numbers_of_namesakes_and_a_few_others_do_not_matter() -> None:
    mailboxes = [(f"{username}2", name) for username, name in made(UsernamePattern("flast"))]
    assert learn([*mailboxes, ("boss", "Eva Maria Roth")], USUAL).pattern == "flast"


@pytest.mark.parametrize(
    ("existing", "pattern"),
    [
        (["lena.vogt", "tim.berg", "ida.roth", "ole.maas", "noor.jansen2"], "first.last"),
        (["l.vogt", "t.berg", "i.roth", "o.maas", "n.jansen"], "f.last"),
        (["lena_vogt", "tim_berg", "ida_roth", "ole_maas", "noor_jansen"], "first_last"),
        (["lvogt", "tberg", "iroth", "omaas", "njansen"], "first.last"),
        (["l.vogt", "t.berg", "info", "sales"], "first.last"),
        ([], "first.last"),
    ],
)
def test_without_names_the_shape_shows_the_pattern_where_only_one_makes_it(existing: list[str], pattern: str) -> None:
    assert learn([(username, "") for username in existing], USUAL).pattern == pattern
