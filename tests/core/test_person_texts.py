"""Texts to owners of mailboxes: what is wrong with one is found, and filling one changes nothing else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mxlib.core.clients import LANGUAGES
from mxlib.core.handover import help_addresses, letters, logos, texts
from mxlib.core.handover.help_addresses import HelpProblem
from mxlib.core.handover.logos import LogoProblem
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import RULES, Part, Placeholder, Text, TextKind, TextProblem
from mxlib.core.text.handover_texts import HELP_PROBLEMS, LOGO_PROBLEMS, left_out, sentence
from mxlib.core.text.letters import WORDS
from mxlib.core.text.standard_texts import STANDARD

FULL = Letterhead("Bergmann", "help@bergmann.test")


def found(kind: TextKind, body: str, subject: str = "Your mailbox") -> list[tuple[TextProblem, Part]]:
    return [(each.code, each.part) for each in texts.check(kind, Text(body, subject))]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TextKind)
def test_every_kind_has_a_sound_standard_text_in_every_language(kind: TextKind, language: str) -> None:
    text = STANDARD[kind, language]
    assert texts.check(kind, text) == ()
    assert texts.normalized(text) == text
    for head in (FULL, Letterhead()):
        if kind is TextKind.LETTER:
            assert letters.check_text(text.body, head) == ()
        filled = Stationery(text, language, head, "mail.example.test").filled("Zoë", "z@a.test", "Secret-1a")
        assert "{" not in filled.body + filled.subject
        assert "z@a.test" in filled.body
        assert ("Secret-1a" in filled.body) == (kind is TextKind.MESSAGE)
        assert bool(filled.subject) == kind.is_mailed
        assert ("Bergmann" in filled.body) == bool(head.agency)
    assert WORDS[language].separately in Stationery(
        STANDARD[TextKind.MESSAGE, language], language, FULL, "s"
    ).filled("", "z@a.test").body  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (TextKind.MESSAGE, "   ", TextProblem.EMPTY),
        (TextKind.MESSAGE, "Hello", TextProblem.MISSING),
        (TextKind.LETTER, "Hello {name}", TextProblem.MISSING),
        (TextKind.MAIL, "Hello {name}", TextProblem.MISSING),
        (TextKind.MAIL, "{address} {password}", TextProblem.NEVER_PASSWORD),
        (TextKind.LETTER, "{address} {password}", TextProblem.MISPLACED),
        (TextKind.MESSAGE, "{address} {addr}", TextProblem.UNKNOWN_PLACEHOLDER),
        (TextKind.MESSAGE, "{address} {address.__class__}", TextProblem.UNKNOWN_PLACEHOLDER),
        (TextKind.MESSAGE, "{address} {0}", TextProblem.UNKNOWN_PLACEHOLDER),
        (TextKind.MESSAGE, "{address} {name", TextProblem.STRAY_BRACE),
        (TextKind.MESSAGE, "{address} name}", TextProblem.STRAY_BRACE),
        (TextKind.MESSAGE, "{address} a\x07", TextProblem.INVISIBLE),
        (TextKind.MESSAGE, "{address}" + "a" * 4_000, TextProblem.TOO_LONG),
        (TextKind.MESSAGE, "{address} {own:Room", TextProblem.STRAY_BRACE),
        (TextKind.MESSAGE, "{address} {own: }", TextProblem.UNKNOWN_PLACEHOLDER),
        (TextKind.MESSAGE, "{address} {own:" + "a" * 61 + "}", TextProblem.UNKNOWN_PLACEHOLDER),
        (TextKind.LETTER, "{address}" + "{own:Room}" * 6, TextProblem.TOO_MANY_COLUMNS),
        (TextKind.MAIL, "{address} {own:Room}", TextProblem.MISPLACED),
        (TextKind.LINK, "{address} {link} {salutation}", TextProblem.MISPLACED),
    ],
)
def test_what_is_wrong_with_a_text_has_a_code_and_a_sentence(kind: TextKind, body: str, code: TextProblem) -> None:
    assert (code, Part.BODY) in found(kind, body)
    assert all(sentence(each) for each in texts.check(kind, Text(body, "Your mailbox")))


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("", TextProblem.EMPTY),
        ("a" * 151, TextProblem.TOO_LONG),
        ("Hello\nBcc: all@a.test", TextProblem.LINE_BREAK),
        ("{password}", TextProblem.NEVER_PASSWORD),
        ("{ports}", TextProblem.MISPLACED),
        ("{own:Room}", TextProblem.MISPLACED),
    ],
)
def test_a_subject_is_one_short_line_without_a_password(subject: str, code: TextProblem) -> None:
    assert (code, Part.SUBJECT) in found(TextKind.MAIL, "{address}", subject)


@pytest.mark.parametrize(("kind", "longest"), [(kind, RULES[kind].max_length) for kind in TextKind])
def test_a_text_may_be_as_long_as_its_kind_allows(kind: TextKind, longest: int) -> None:
    body = "".join(each.written for each in RULES[kind].required).ljust(longest, "a")
    assert found(kind, body) == []
    assert found(kind, f"{body}a") == [(TextProblem.TOO_LONG, Part.BODY)]


def test_a_text_full_of_mistakes_has_a_few_findings_only() -> None:
    assert len(found(TextKind.MESSAGE, "{x}" * 1_000)) == texts.MAX_FINDINGS


def test_a_mistyped_placeholder_gets_a_suggestion() -> None:
    [finding] = texts.check(TextKind.MESSAGE, Text("{address}\n{addr}"))
    assert sentence(finding) == "Text: Line 2: {addr} is no placeholder. Did you mean {address}?"


def test_a_value_is_never_filled_again() -> None:
    filled = texts.fill(Text("{name} {address}"), {Placeholder.NAME: "{address}{0.x}", Placeholder.ADDRESS: "a@b.test"})
    assert filled.body == "{address}{0.x} a@b.test"


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        ("Hello {name},\nx", "Hello,\nx"),
        ("{name}, welcome", "welcome"),
        ("a\n\nHelp: {help}\n\nb", "a\n\nb"),
        ("a\n{agency}", "a"),
        ("{address} by {agency}", "a@b.test by"),
    ],
)
def test_blank_values_leave_no_gap(body: str, filled: str) -> None:
    assert texts.fill(Text(body), {Placeholder.ADDRESS: "a@b.test"}).body == filled


CELLS = {" Room ": "12\nnorth", "Anrede": "Frau", "Long": "a" * 5_000, "Empty": " "}


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        ("{salutation} {name}, room {own:room}", "Frau Kim, room 12 north"),
        ("{own: ROOM }", "12 north"),
        ("{own:Long}", "a" * 100),
        ("a\n{own:Empty} {own:Floor}\nb", "a\nb"),
        ("Room {own:Floor} of {name}", "Room of Kim"),
    ],
)
def test_own_columns_and_the_form_of_address_are_filled_in_from_the_row(body: str, filled: str) -> None:
    assert texts.check(TextKind.MESSAGE, Text("{address} " + body)) == ()
    stationery = Stationery(Text(body), "en", FULL, "s")
    assert stationery.filled("Kim", "k@a.test", cells=CELLS).body == filled
    assert "Frau" not in stationery.filled("Kim", "k@a.test").body


def test_lines_that_are_left_out_are_named_by_their_placeholders() -> None:
    text = Text("{name}\n{agency}\nHelp: {help}\n{own:Room}\n{own:Floor} {own:Floor}\n{salutation} {name}")
    assert Stationery(text, "en", Letterhead("", "help@a.test"), "s").left_out(CELLS) == ("{agency}", "{own:Floor}")
    assert left_out(("{agency}", "{own:Floor}")) == "Left out, since blank: the lines with {agency} and {own:Floor}."
    assert left_out(("{agency}",)) == "Left out, since blank: the line with {agency}."
    assert left_out(()) == ""
    assert texts.own_columns(text) == ("Room", "Floor")


@pytest.mark.parametrize("logo", [b"", b"own"])
def test_a_client_may_have_letters_without_the_logo_of_all_clients(logo: bytes) -> None:
    general = Letterhead("Agency", "help@a.test", b"general")
    assert Letterhead("Own", logo=logo).filled_by(general) == Letterhead("Own", "help@a.test", logo or b"general")
    assert Letterhead("Own", logo=logo, without_logo=True).filled_by(general).logo == b""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", None),
        ("https://help.agency.example:8443/start?x=1", None),
        ("help@agency.example", None),
        ("+49 (0)30 123-456", None),
        ("112", None),
        ("https://", HelpProblem.BAD_PAGE),
        ("https://help.agency.example/a page", HelpProblem.BAD_PAGE),
        ("https://kim:secret@agency.example", HelpProblem.BAD_PAGE),
        ("https://agency.example:port", HelpProblem.BAD_PAGE),
        ("javascript://agency.example", HelpProblem.BAD_PAGE),
        ("www.agency.example", HelpProblem.BAD_PAGE),
        ("help@agency", HelpProblem.BAD_EMAIL),
        ("ask help@agency.example", HelpProblem.BAD_EMAIL),
        ("the desk", HelpProblem.NO_ADDRESS),
        ("+", HelpProblem.NO_ADDRESS),
    ],
)
def test_an_address_for_help_is_one_that_people_can_use(text: str, problem: HelpProblem | None) -> None:
    assert help_addresses.check(text) is problem
    assert set(HELP_PROBLEMS) == set(HelpProblem)


def test_a_name_with_a_line_break_adds_no_line() -> None:
    filled = texts.fill(Text("{name}", "For {name}"), {Placeholder.NAME: "Kim\r\nBcc: x"})
    assert (filled.body, filled.subject) == ("Kim Bcc: x", "For Kim Bcc: x")


@given(st.text(), st.text(max_size=200))
def test_any_text_is_checked_and_a_sound_one_fills(body: str, subject: str) -> None:
    text = texts.normalized(Text(body, subject))
    for kind in TextKind:
        findings = texts.check(kind, text)
        assert all(sentence(each) for each in findings)
        if not findings:
            assert "a@b.test" in texts.fill(text, {Placeholder.ADDRESS: "a@b.test"}).body
            assert RULES[kind].max_length >= len(text.body)


def picture(kind: str = "PNG", size: tuple[int, int] = (100, 40)) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size).save(held, kind)
    return held.getvalue()


def test_a_logo_is_a_small_picture() -> None:
    assert logos.check(picture()) is logos.check(picture("JPEG")) is None
    assert logos.check(picture("GIF")) is LogoProblem.NO_IMAGE
    assert logos.check(picture()[:60]) is LogoProblem.NO_IMAGE
    assert logos.check(b"<svg/>") is LogoProblem.NO_IMAGE
    assert logos.check(picture(size=(3_000, 40))) is LogoProblem.BAD_SIZE
    assert logos.check(b"a" * (logos.MAX_LOGO + 1)) is LogoProblem.TOO_LARGE
    assert set(LOGO_PROBLEMS) == set(LogoProblem)
