"""Search or jump: what it finds, with figures, and where a hit leads."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.clients import ClientDetails
from tests.support.app import App
from tests.support.pages import opened, plain, search

VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})


@pytest.fixture(autouse=True)
def _some(app: App) -> None:
    """Have two mailboxes of two clients, and a run."""
    app.have("nina@a.nl", "omar@b.nl")
    app.services.clients.add(LOCAL, ClientDetails("Bakery", ("b.nl",)))
    for domain in ("a.nl", "b.nl"):
        app.services.lists.mailboxes(LOCAL, domain)
    batch = app.services.files.batch_from_file(b"username,password\nx,Geheim.2026x\n", "summer.csv", "b.nl")
    ready = app.services.imports.confirm(LOCAL, batch, before=app.services.imports.validate(LOCAL, batch))
    app.services.runs.start(LOCAL, ready.plan, days=7)


def searched(text: str, page: str = "audit") -> AppTest:
    """Open the search on a page and type into it."""
    return search(opened(page), text)


def hits(tab: AppTest) -> list[str]:
    return [plain(button.label) for button in tab.button if str(button.key).startswith("jump-to-")]


def test_without_words_it_offers_the_pages() -> None:
    assert "**Team and API**" in hits(searched(""))


def test_a_mailbox_is_found_with_its_figures_and_opens() -> None:
    tab = searched("nina")
    assert len(hits(tab)) == 1
    assert hits(tab)[0].startswith("**nina@a.nl** · ")
    tab.button(key="jump-to-nina@a.nl").click().run()
    assert not tab.exception
    assert any(str(button.key).startswith("drawer_") for button in tab.button)


@pytest.mark.parametrize(
    ("text", "key", "title"),
    [
        ("bake", "jump-to-client-1", "Email accounts"),
        ("b.nl", "jump-to-domain-b.nl", "Email accounts"),
        ("summer", "jump-to-run-1", "Import of"),
        ("team", "jump-to-page-access", "Team and API"),
    ],
)
def test_other_places_are_found_and_open(text: str, key: str, title: str) -> None:
    tab = searched(text)
    tab.button(key=key).click().run()
    assert not tab.exception
    assert plain(tab.title[0].value).startswith(title)


def test_what_matches_nothing_says_so() -> None:
    assert any("Nothing matches" in caption.value for caption in searched("zzz").caption)


def test_only_places_that_the_caller_may_view_are_found(app: App) -> None:
    assert app.services.jump.find(VIEWER, "nl", most=5).domains == ("a.nl",)
    assert app.services.jump.find(VIEWER, "summer", most=5).runs == ()
    assert app.services.jump.find(LOCAL, "run 1", most=5).runs != ()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("b.nl", "**b.nl**"),
        ("nina@a.nl", "**nina@a.nl**"),
        ("run 1", "**Run 1**"),
        ("Run1", "**Run 1**"),
        ("#1", "**Run 1**"),
        ("bakery", "**Bakery**"),
        ("jobs", "**Jobs**"),
    ],
)
def test_what_is_typed_in_full_comes_first(text: str, first: str, app: App) -> None:
    app.have("bakery.jobs@a.nl", "run.1@a.nl", "x@b.nl")
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    assert hits(searched(text))[0].startswith(first)


def test_a_run_is_found_by_its_number_before_runs_that_have_it_in_their_title(app: App) -> None:
    for number in range(2, 13):
        batch = app.services.files.batch_from_file(
            f"username,password\nx{number},Geheim.2026x\n".encode(), "1.csv", "b.nl"
        )
        ready = app.services.imports.confirm(LOCAL, batch, before=app.services.imports.validate(LOCAL, batch))
        app.services.runs.start(LOCAL, ready.plan, days=7)
    found = app.services.jump.find(LOCAL, "run 1", most=4)
    assert (found.runs[0].id, found.names_run) == (1, True)
    assert not app.services.jump.find(LOCAL, "run 99", most=4).names_run
    assert not app.services.jump.find(VIEWER, "run 1", most=4).names_run


def test_the_hits_name_the_text_that_they_are_of() -> None:
    shown = [each.proto.body for each in searched('a"<b>').get("html") if each.proto.body.startswith("<span")]
    assert shown == ['<span data-jump-query="a&quot;&lt;b&gt;"></span>']
