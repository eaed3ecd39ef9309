"""Letters with passwords: what is printed comes out again, and what cannot be printed is named."""

import io
import re

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from mxlib.core.handover import letters
from mxlib.core.handover.letters import Letters, Paper, PrintedLink, Recipient
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import RULES, Text, TextKind, TextProblem
from mxlib.core.text.letters import ENGLISH, WORDS
from mxlib.core.text.link_mails import moment
from mxlib.core.text.standard_texts import STANDARD

SERVER, PLAIN = "mail.example.test", Letterhead()
#: Every character of printable ASCII, as a password may have them.
SETTINGS = "https://password.agency.example/mail-settings"
LINK = "https://password.agency.example/password/" + "Ab3-" * 10
EVERY_SIGN = "".join(map(chr, range(33, 127)))


def made(
    *recipients: Recipient, letterhead: Letterhead = PLAIN, text: str = "For {address}.", paper: Paper = Paper.A4,
    settings_page: str = "", language: str = "en",
) -> Letters:  # fmt: skip
    stationery = Stationery(Text(text), language, letterhead, SERVER, settings_page)
    domains = {each.address.rpartition("@")[2] for each in recipients}
    return letters.make(recipients, dict.fromkeys(domains, stationery), paper)


def pages(found: Letters) -> list[str]:
    document = pypdfium2.PdfDocument(found.pdf)
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def codes(found: Letters, page: int) -> list[str]:
    picture = pypdfium2.PdfDocument(found.pdf)[page].render(scale=2, grayscale=True).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def test_each_person_has_one_page_with_name_address_and_password() -> None:
    people = [
        Recipient(name, f"person{at}@example.test", f"Pass-{at:02}-l1IO0")
        for at, name in enumerate(("Jürgen Müller", "Αθηνά Παππά", "Юлия Ким", "Zoë van 't Hof", "İpek Ağaoğlu") * 12)
    ]
    found = made(*people, letterhead=Letterhead("Bergmann", "support@agency.example"))
    printed = pages(found)
    assert len(printed) == 60
    assert (found.unprinted.without_name, found.unprinted.left_out) == ((), ())
    for person, page in zip(people, printed, strict=True):
        assert person.name in page
        assert person.address in page
        assert person.password in page.split("\n")
        assert SERVER in page
        assert all(port in page for port in ("993", "465", "995"))
    assert [codes(found, at) for at in range(60)] == [["support@agency.example"]] * 60


def test_a_name_in_another_script_is_reported_and_its_letter_shows_the_address() -> None:
    people = [
        Recipient("田中さくら", "tanaka@example.test", "Secret-1a"),
        Recipient("محمد", "mo@example.test", "Secret-2b"),
        Recipient("דוד", "david@example.test", "Secret-3c"),
        Recipient("Anna 🎉", "anna@example.test", "Secret-4d"),
        Recipient("Nguyễn Văn An", "an@example.test", "Secret-5e"),
    ]
    found = made(*people)
    assert found.unprinted.without_name == tuple(person.address for person in people[:4])
    printed = pages(found)
    assert len(printed) == 5
    for person, page in zip(people[:4], printed, strict=False):
        assert person.address in page
        assert ENGLISH.name not in page.split("\n")
    assert "Nguyễn Văn An" in printed[4]


def test_a_name_in_parts_is_printed_as_a_whole() -> None:
    assert "Zoë" in pages(made(Recipient("Zoe\u0308", "zoe@example.test", "Secret-1a")))[0]


def test_a_password_that_cannot_be_printed_has_no_letter() -> None:
    found = made(Recipient("A", "a@example.test", "pass\u7530word"), Recipient("B", "b@example.test", "Secret-1a"))
    assert found.unprinted.left_out == ("a@example.test",)
    assert len(pages(found)) == 1
    with pytest.raises(ValueError, match="no letter"):
        made(Recipient("A", "a@example.test", "pass\u7530word"))


def test_long_values_and_every_sign_stay_whole_on_one_page() -> None:
    [page] = pages(made(Recipient("N" * 200, f"{'u' * 64}@{'d' * 60}.example.test", EVERY_SIGN)))
    solid = re.sub(r"\s", "", page)
    assert EVERY_SIGN in solid
    assert "N" * 200 in solid
    assert f"{'u' * 64}@{'d' * 60}.example.test" in solid


@pytest.mark.parametrize("paper", Paper)
def test_the_letterhead_is_on_every_page_and_its_code_can_be_read(paper: Paper) -> None:
    letterhead = Letterhead("Bergmann", "https://help.example.test/mail?from=letter", logo())
    people = [Recipient("", f"p{at}@example.test", "Secret-1a") for at in range(2)]
    found = made(*people, letterhead=letterhead, text="Welcome to {agency}.\n\nAsk us anything.", paper=paper)
    size = pypdfium2.PdfDocument(found.pdf)[0].get_size()
    assert tuple(map(round, size)) == ((595, 842) if paper is Paper.A4 else (612, 792))
    for at, page in enumerate(pages(found)):
        assert "Welcome to Bergmann." in page
        assert letterhead.help_address in re.sub(r"\s", "", page)
        assert codes(found, at) == [letterhead.help_address]


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("language", WORDS)
def test_a_letter_with_a_link_has_it_as_text_and_code_and_says_how_long_it_lives(paper: Paper, language: str) -> None:
    people = [
        Recipient("Zoë", f"zoe{at}@example.test", link=PrintedLink(f"{LINK}{at}", 1_796_688_000.0, valid_from))
        for at, valid_from in enumerate((None, 1_796_000_000.0))
    ]
    head, words = Letterhead("Bergmann", "support@agency.example", logo()), WORDS[language]
    text = "For {address}." + "\nA line." * (letters.MAX_LINES - 1)
    found = made(*people, letterhead=head, settings_page=SETTINGS, language=language, text=text, paper=paper)
    assert found.unprinted == letters.Unprinted()
    for at, page in enumerate(pages(found)):
        one_line, solid = re.sub(r"\s+", " ", page), re.sub(r"\s", "", page)
        assert f"{LINK}{at}" in solid
        assert words.link in one_line
        assert words.password not in page.split("\n")
        assert words.link_until.format(until=moment(1_796_688_000.0, language)) in one_line
        assert (words.link_from.partition("{")[0] in one_line) == (at == 1)
        assert words.link_care in one_line
        assert sorted(codes(found, at)) == sorted([f"{LINK}{at}", "support@agency.example", SETTINGS])
    assert LINK not in repr(people)


def test_the_longest_link_fits_its_letter() -> None:
    link = PrintedLink(f"https://{'p' * 60}.{'q' * 60}.agency.example/password/{'x' * 43}", 1_796_688_000.0)
    found = made(Recipient("N" * 200, f"{'u' * 64}@{'d' * 60}.example.test", link=link), settings_page=SETTINGS)
    assert len(pages(found)) == 1
    assert sorted(codes(found, 0)) == sorted([link.url, SETTINGS])


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("help_address", ["", "support@agency.example"])
def test_where_the_public_pages_have_a_host_the_letter_has_a_code_of_the_settings_page(
    language: str, help_address: str
) -> None:
    person = Recipient("Zoë", "zoe@example.test", "Secret-1a")
    found = made(person, letterhead=Letterhead(help_address=help_address), settings_page=SETTINGS, language=language)
    [page] = pages(found)
    solid = re.sub(r"\s", "", page)
    assert SETTINGS in solid
    assert re.sub(r"\s", "", WORDS[language].settings_page) in solid
    assert sorted(codes(found, 0)) == sorted(filter(None, [SETTINGS, help_address]))


def test_without_an_address_for_help_there_is_no_code() -> None:
    found = made(Recipient("", "a@example.test", "Secret-1a"))
    assert codes(found, 0) == []
    assert ENGLISH.help not in pages(found)[0]


@pytest.mark.parametrize(
    ("letterhead", "text"),
    [
        (PLAIN, "a" * (RULES[TextKind.LETTER].max_length + 1)),
        (PLAIN, "a\n" * (letters.MAX_LINES + 1)),
        (Letterhead(help_address="a" * (letters.MAX_HELP + 1)), "a"),
        (Letterhead(logo=b"a" * 100), "a"),
        (PLAIN, "こん"),
    ],
)
def test_stationery_beyond_its_bounds_is_refused(letterhead: Letterhead, text: str) -> None:
    with pytest.raises(ValueError, match=r"letter|help|logo"):
        made(Recipient("", "a@example.test", "Secret-1a"), letterhead=letterhead, text=text)


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("first", ["{address}", "{name} {address}"])
@pytest.mark.parametrize("settings_page", ["", f"https://{'password.' * 5}agency.example/mail-settings"])
def test_the_largest_stationery_leaves_one_page(paper: Paper, first: str, settings_page: str) -> None:
    text = "\n".join((first, *("Mmmmm mmmm " * 4 for _ in range(letters.MAX_LINES - 1))))
    letterhead = Letterhead("", "https://help.example.test/" + "a" * 170, logo())
    person = Recipient("N" * 200, f"{'u' * 64}@{'d' * 60}.example.test", EVERY_SIGN)
    found = made(person, letterhead=letterhead, text=text, paper=paper, settings_page=settings_page, language="fr")
    document = pypdfium2.PdfDocument(found.pdf)
    assert len(document) == 1
    text_page = document[0].get_textpage()
    lowest = min(text_page.get_charbox(at)[1] for at in range(text_page.count_chars()))
    assert lowest > 20
    assert sorted(codes(found, 0)) == sorted(filter(None, [letterhead.help_address, settings_page]))


@pytest.mark.parametrize("language", WORDS)
def test_each_letter_is_in_the_language_of_its_domain(language: str) -> None:
    other, people = Stationery(Text("For {address}."), "en", PLAIN, SERVER), ("a@one.test", "b@two.test")
    own = Stationery(STANDARD[TextKind.LETTER, language], language, Letterhead("Bergmann"), SERVER)
    found = letters.make(
        [Recipient("Zoë", address, "Secret-1a") for address in people], {"one.test": own, "two.test": other}, Paper.A4
    )
    first, second = pages(found)
    solid = " ".join(first.split())
    assert all(word in solid for word in (WORDS[language].title, "Zoë", "a@one.test", "Bergmann"))
    assert WORDS[language].pop3 in solid
    assert "For b@two.test." in second
    assert "Bergmann" not in second


def test_own_cells_are_printed_and_the_longest_leave_one_page() -> None:
    cells = {"Anrede": "Frau", "Room": "12", "Kana": "\u30a2", "Long": "m" * 500}
    one = made(
        Recipient("Kim", "a@example.test", "Secret-1a", cells=cells), text="{salutation} {name}, {own:room}{own:Kana}."
    )
    assert "Frau Kim, 12." in pages(one)[0]
    text = "\n".join(("{address} " + "{own:Long} " * 5, *("Mmmmm mmmm " * 4 for _ in range(letters.MAX_LINES - 2))))
    person = Recipient("N" * 200, f"{'u' * 64}@{'d' * 60}.example.test", EVERY_SIGN, cells=cells)
    document = pypdfium2.PdfDocument(made(person, letterhead=Letterhead("", "help@a.test", logo()), text=text).pdf)
    assert len(document) == 1
    text_page = document[0].get_textpage()
    assert min(text_page.get_charbox(at)[1] for at in range(text_page.count_chars())) > 20


def test_a_letter_says_what_of_a_text_it_cannot_show() -> None:
    assert letters.check_text("For {address} 田田", PLAIN)[0].code is TextProblem.UNPRINTABLE
    assert letters.check_text("{address}" + "\n" * letters.MAX_LINES + "a", PLAIN)[0].figures == (11, letters.MAX_LINES)
    assert letters.check_text("For {address}", PLAIN) == ()


def test_no_password_is_in_a_repr() -> None:
    person = Recipient("A", "a@example.test", "Secret-1a")
    assert "Secret-1a" not in repr(person)
    assert "Secret-1a" not in repr(made(person))


def logo() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (400, 100), "#0f7d71").save(held, "PNG")
    return held.getvalue()
