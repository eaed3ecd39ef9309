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
@pytest.mark.parametrize("particles", Particles)
@pytest.mark.parametrize("spelled", [False, True])
def test_names_prove_the_pattern_and_the_spelling(pattern: str, particles: Particles, spelled: bool) -> None:
    recipe = UsernamePattern(pattern, particles, spelled)
    another = UsernamePattern("lastf" if pattern != "lastf" else "flast", spelled=not spelled)
    assert made(recipe) != made(another)
    found = learn([("info", ""), *made(recipe)], another)
    assert made(found) == made(recipe)
    assert found.pattern == pattern


def test_numbers_of_namesakes_and_a_few_others_do_not_matter() -> None:
    mailboxes = [(f"{username}2", name) for username, name in made(UsernamePattern("flast"))]
    assert learn([*mailboxes, ("boss", "Eva Maria Roth")], USUAL).pattern == "flast"


@pytest.mark.parametrize("usual", ["lastf", "first.last", "last.first"])
@pytest.mark.parametrize(
    ("existing", "pattern"),
    [
        (["l.vogt", "t.berg", "i.roth", "o.maas", "n.jansen"], "f.last"),
        (["lena_vogt", "tim_berg", "ida_roth", "ole_maas", "noor_jansen"], "first_last"),
        (["lena.v", "tim.b2", "ida.r", "ole.m", "noor.j", "info", "boss"], "first.l"),
        (["lena.vogt", "tim.berg", "ida.roth", "ole.maas", "noor.jansen2"], ""),
        (["lvogt", "tberg", "iroth", "omaas", "njansen"], ""),
        (["l.vogt", "t.berg", "info", "sales"], ""),
        (["l.vogt", "t.berg", "i.roth", "o.maas", "n.jansen", "a", "b", "c", "d"], ""),
        ([], ""),
    ],
)
def test_without_names_the_shape_shows_the_pattern_where_only_one_makes_it(
    existing: list[str], pattern: str, usual: str
) -> None:
    found = learn([(username, "") for username in existing], UsernamePattern(usual))
    assert found == UsernamePattern(pattern or usual)


def test_a_long_list_is_sampled_from_end_to_end() -> None:
    old = [(f"{chr(97 + at % 3)}.vogt", "") for at in range(400)]
    assert learn([*old, *((f"lena{chr(97 + at % 26)}_vogt", "") for at in range(2_000))], USUAL).pattern == "first_last"
