"""The words of mails with links, in every language: each link is there, and no word is left to fill."""

import pytest

from mxlib.core.clients import LANGUAGES
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import RULES, Placeholder, Text, TextKind, TextProblem, check
from mxlib.core.links import LinkPurpose
from mxlib.core.mail_contents import LinkMail, MailedLink, PasswordChanged
from mxlib.core.text.mails import words_of
from mxlib.core.text.standard_texts import STANDARD

KINDS = {LinkPurpose.INVITE: TextKind.LINK, LinkPurpose.RESET: TextKind.RESET}
URL = "https://password.agency.example/password/an-example"
HEAD = Letterhead("Agency B.V.", "help@agency.example")


def stationery(purpose: LinkPurpose, language: str) -> Stationery:
    text = STANDARD[KINDS.get(purpose, TextKind.LINK), language]
    return Stationery(text, language, HEAD, "mail.example")


def links(number: int) -> tuple[MailedLink, ...]:
    return tuple(MailedLink(f"Person {each}", f"user{each}@a.nl", f"{URL}-{each}x") for each in range(number))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", LinkPurpose)
@pytest.mark.parametrize("people", [1, 3])
def test_a_mail_has_every_link_and_when_it_ends(purpose: LinkPurpose, language: str, people: int) -> None:
    expires = 1_797_000_000.0
    mail = LinkMail(purpose, links(people), stationery(purpose, language), expires, valid_from=1_796_500_000.0)
    words = words_of(mail)
    body = "\n\n".join(words.paragraphs)
    assert words.language == language
    for each in mail.links:
        assert body.count(each.url) == 1
        assert each.address in body or people == 1
    assert words.links == tuple(each.url for each in mail.links)
    assert "2026" in body
    assert "user0@a.nl" in words.subject + body
    assert HEAD.help_address in body
    assert not any(sign in words.subject + body + words.footer for sign in "{}")
    assert URL not in repr(mail) + repr(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reminder_and_a_code_are_said_in_each_language(language: str) -> None:
    plain = LinkMail(LinkPurpose.RESET, links(1), stationery(LinkPurpose.RESET, language), 1e9)
    reminder = LinkMail(
        LinkPurpose.RESET, links(1), stationery(LinkPurpose.RESET, language), 1e9, is_reminder=True, code="K7M-2P"
    )
    assert words_of(reminder).subject.endswith(words_of(plain).subject)
    assert words_of(reminder).subject != words_of(plain).subject
    assert "K7M-2P" in words_of(reminder).paragraphs[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_changed_password_is_announced_in_each_language(language: str) -> None:
    words = words_of(PasswordChanged("Nina", "nina@a.nl", stationery(LinkPurpose.INVITE, language), 1e9))
    assert "nina@a.nl" in words.subject
    assert not any(sign in words.subject + "".join(words.paragraphs) for sign in "{}")


@pytest.mark.parametrize("kind", [TextKind.LINK, TextKind.RESET])
def test_a_text_has_the_link_and_never_a_password(kind: TextKind) -> None:
    for language in LANGUAGES:
        assert check(kind, STANDARD[kind, language]) == ()
        assert Placeholder.EXPIRES.written in STANDARD[kind, language].body
    without = check(kind, Text("For {address}", "Your mailbox"))
    assert [(each.code, each.figures) for each in without] == [(TextProblem.MISSING, ("{link}",))]
    secret = check(kind, Text("For {address}: {link} {password}", "Your mailbox"))
    assert [each.code for each in secret] == [TextProblem.NEVER_PASSWORD]
    in_subject = check(kind, Text("For {address}: {link}", "{link}"))
    assert [each.code for each in in_subject] == [TextProblem.MISPLACED]


def test_only_mails_with_links_have_placeholders_for_them() -> None:
    for kind in (TextKind.LETTER, TextKind.MESSAGE, TextKind.MAIL):
        assert not {Placeholder.LINK, Placeholder.EXPIRES}.intersection(RULES[kind].placeholders)
