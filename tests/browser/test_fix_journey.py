"""Lists that people really have, in few clicks: errors fixed by groups, and a staff list with all around its rows."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from mxlib.sandbox import believable
from tests.browser.driver import Server, idle, upload
from tests.browser.steps import confirm_run, finished, open_preview, press, visit

GOOD = "Kroket-2026a"
EACH = 5
MOST = 25


def staff(rows: int = 300) -> bytes:
    """Return a list in which five rows have each of eight errors, spread over the file."""
    lines = []
    for number in range(rows):
        cells = {
            "username": f"person{number}",
            "password": GOOD,
            "quota": "2048",
            "limit": "",
            "recovery_email": f"person{number}@example.org",
            "domain": "studio-noord.example",
        }
        kind, turn = number % (rows // EACH), number // (rows // EACH)
        match kind:
            case 3:
                cells["username"] = f"lena vogt{turn}"
            case 9:
                cells["username"] = f"jérôme{turn}"
            case 15:
                cells["domain"] = "studio-nord.example"
            case 21:
                cells["password"] = "winter"
            case 27:
                cells["quota"] = "2.048"
            case 33:
                cells["limit"] = "20000"
            case 39:
                cells["recovery_email"] = f"person{number} @gmail.com"
            case 45:
                cells["username"] = f"person{number - 1}"
        lines.append(",".join(cells.values()))
    header = "username,password,quota,limit,recovery_email,domain"
    return "\r\n".join([header, *lines, ""]).encode()


def test_forty_errors_of_eight_kinds_are_fixed_in_few_clicks(page: Page) -> None:
    clicks = 0

    def click(what: Locator) -> None:
        nonlocal clicks
        clicks += 1
        what.click()
        idle(page)

    visit(page, "/import", domain="clienta.nl")
    open_preview(page, staff(), generate=False)
    footer = page.locator(".st-key-import-footer")
    expect(footer).to_contain_text("260 ready · 40 not")
    fixes = page.locator(".st-key-fixes")
    main = fixes.locator('[class*="st-key-fix-"] button[kind="secondary"]')
    while main.count():
        click(main.first)
        assert clicks <= MOST
    expect(footer).to_contain_text("295 ready · 5 not")  # the duplicates are excluded
    expect(fixes).to_contain_text("5 passwords generated")
    click(page.get_by_role("button", name="Create 295 mailboxes"))
    expect(page.get_by_role("dialog")).to_contain_text("Create 295 mailboxes?")
    assert clicks <= 10


LAST = ("Müller", "Schmidt", "Weiß", "Größer", "Carstens", "Vogel", "Jäger", "Öztürk", "Kühn", "Brandt")
FIRST = ("Jürgen", "Sabine", "Thomas", "Heike", "Björn", "Uwe")


def staff_list() -> bytes:
    """Return 60 people as a German spreadsheet saves them, with a title, a blank line within and a sum below."""
    people = [(last, first) for first in FIRST for last in LAST]
    people[7] = ("Schmidt", "Thomas")  # a namesake, in place of Jürgen Öztürk
    people[30] = (people[30][0], "Dr. Heike")
    people[44] = (people[44][0], "Björn (Teilzeit)")
    lines = [
        f"{last};{first};{('Lager', 'Vertrieb')[number % 2]};{100 + number};privat{number}@mail.example"
        for number, (last, first) in enumerate(people)
    ]
    lines.insert(20, ";;;;")
    title = ["Mitarbeiterliste Bergmann GmbH - Stand 12.11.2026;;;;", ""]
    header = "Nachname;Vorname;Abteilung;Durchwahl;E-Mail privat"
    return "\r\n".join([*title, header, *lines, "Summe: 60 Mitarbeiter;;;;"]).encode("cp1252")


def test_a_staff_list_becomes_sixty_right_mailboxes_in_few_clicks(page: Page, server: Server) -> None:
    clicks = 0

    def click(what: Callable[[], None]) -> None:
        nonlocal clicks
        clicks += 1
        what()

    visit(page, "/import", domain="studio-noord.example")
    click(lambda: upload(page, staff_list()))
    expect(page.get_by_role("combobox", name="Column for Recovery email")).to_have_value("E-Mail privat")
    click(lambda: press(page, "Preview import"))
    expect(page.locator(".st-key-notes")).to_contain_text("Titles, brackets and nicknames left out of usernames")
    expect(page.locator(".st-key-import-footer")).to_contain_text("60 ready")
    click(lambda: press(page, "Create 60 mailboxes"))
    click(lambda: confirm_run(page))
    assert clicks <= 4
    idle(page)
    finished(page)
    there = believable(state_file=server.data / "sandbox.jsonl")
    made = {box.username for box in there.account.domains["studio-noord.example"].values()}
    folded = {"ü": "ue", "ö": "oe", "ä": "ae", "ß": "ss"}
    expected = {
        "".join(folded.get(letter, letter) for letter in f"{first}.{last}".lower())
        for first in FIRST
        for last in LAST
        if (first, last) != ("Jürgen", "Öztürk")
    }
    assert expected | {"thomas.schmidt2"} <= made
    assert not {name for name in made if any(word in name for word in ("summe", "dr", "teilzeit", "mitarbeiter"))}
