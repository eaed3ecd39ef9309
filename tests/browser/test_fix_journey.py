"""Forty errors of eight kinds in 300 rows, fixed by groups: in at most 25 clicks and keys."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import idle
from tests.browser.steps import open_preview, visit

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
