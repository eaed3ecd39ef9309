"""Pages about links: the dialog before they are sent, the board of their run, and those of one mailbox."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import REMIND_AFTER_S, LinkStatus
from mxlib.core.text import links as texts
from mxlib.services.outbox import OutboxService
from tests.support.app import App, trail
from tests.support.links import TOKEN, LinkDesk
from tests.support.pages import opened as page
from tests.support.pages import plain


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def said(tab: AppTest) -> str:
    kinds = (tab.markdown, tab.caption, tab.warning, tab.info, tab.success, tab.error)
    return plain("\n".join(each.value for kind in kinds for each in kind))


def select(tab: AppTest, name: str, *rows: int) -> AppTest:
    """Select rows of a table whose key begins with a name."""
    key = next(each.proto.id.split("-", 2)[2] for each in tab.dataframe if name in each.proto.id)
    tab.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    tab.run()
    assert not tab.exception
    return tab


def asked(tab: AppTest, *addresses: str) -> AppTest:
    """Open the dialog for selected mailboxes."""
    tab.session_state["selected"] = {"addresses": set(addresses), "turn": 1}
    tab.run()
    tab.button(key="do_link").click().run()
    assert not tab.exception
    return tab


def test_the_dialog_shows_who_gets_a_link_and_who_does_not_and_the_run_follows(desk: LinkDesk) -> None:
    addresses = desk.have(anna="boss@out.example", jan="boss@out.example", kim="kim@b.nl", lee="")
    tab = asked(page("email_accounts"), *addresses)
    assert "2 people get a link, in 1 mail" in said(tab)
    assert "This mail has the links of 2 people" in said(tab)
    assert "1 mailbox gets no link. The recovery email is on this MXroute account" in said(tab)
    assert "1 mailbox gets no link. No recovery email: set one, or copy a link. lee@a.nl" in said(tab)
    tab.checkbox(key="links_arrives").check().run()
    assert "3 people get a link, in 2 mails" in said(tab)
    tab.checkbox(key="links_without").check().run()
    assert tab.button(key="links_go").label == "Send 4 links"
    tab.button(key="links_go").click().run()
    assert not tab.exception
    desk.send()
    states = desk.statuses(desk.app.services.runs.all(LOCAL)[0].id)
    assert states.pop("lee@a.nl") is LinkStatus.MADE
    assert set(states.values()) == {LinkStatus.SENT}


def test_a_test_mail_shows_the_first_mail_and_opens_nothing(desk: LinkDesk) -> None:
    tab = asked(page("email_accounts"), *desk.have(anna="anna@out.example", jan="jan@out.example"))
    tab.text_input(key="links_test_to").input("me@agency.example")
    tab.button(key="links_test").click().run()
    assert "me@agency.example would have left" in said(tab)
    ((to, parts),) = desk.mails()
    assert to == "me@agency.example"
    assert "anna@a.nl" in parts.text
    assert (found := TOKEN.search(parts.text)) is not None
    assert desk.services.password_links.open(found[1], opened=False).state == "unknown"
    tab.text_input(key="links_test_to").input("nobody")
    tab.button(key="links_test").click().run()
    assert "nobody is not an email address" in said(tab)


def test_without_a_mail_server_the_dialog_says_what_to_do(desk: LinkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OutboxService, "is_set", property(lambda _outbox: False))
    (anna,) = desk.have(anna="anna@out.example")
    tab = page("mailbox", address=anna)
    tab.button(key="card_link").click().run()
    assert texts.NOT_SET in said(tab)
    assert tab.button(key="links_go").disabled


def test_without_a_recovery_email_the_link_of_one_mailbox_is_made_to_be_copied(desk: LinkDesk) -> None:
    (anna,) = desk.have(anna="")
    tab = page("mailbox", address=anna)
    tab.button(key="card_link").click().run()
    assert "Nobody gets a link" in said(tab)
    assert (tab.button(key="links_go").label, tab.button(key="links_go").disabled) == ("Send links", True)
    assert tab.checkbox(key="links_without").label == texts.WITHOUT_MAIL_ONE
    tab.checkbox(key="links_without").check().run()
    assert "1 person gets a link, without a mail" in said(tab)
    assert not tab.button(key="links_go").disabled


def test_the_board_counts_reminds_and_ends_links(desk: LinkDesk) -> None:
    addresses = desk.have(anna="anna@out.example", jan="jan@out.example", kim="kim@out.example")
    run = desk.start(*addresses)
    desk.send()
    first = desk.token("kim@out.example")
    assert desk.use(desk.token("anna@out.example")).done
    young = page("jobs", run=str(run)).button(key="links_remind")
    assert (young.label, young.disabled, plain(young.help)) == ("Remind", True, texts.too_soon(2))
    desk.wait(REMIND_AFTER_S)
    tab, other = page("jobs", run=str(run)), page("jobs", run=str(run))
    assert tab.button(key="links_remind").label == "Remind 2 people"
    assert "Details" not in tab.dataframe[0].value.columns
    tab.button(key="links_remind").click().run()
    assert "2 people are reminded." in said(tab)
    other.button(key="links_remind").click().run()
    assert texts.too_soon(2) in said(other)
    select(tab, "board-", 2)
    tab.button(key="board_resend").click().run()
    assert "The earlier one has ended." in said(tab)
    desk.send()
    assert desk.token("kim@out.example") != first
    assert not desk.use(first).done
    select(tab, "board-", 1, 2)
    tab.button(key="board_revoke").click().run()
    assert "The links of 2 people have ended." in said(tab)
    assert [*tab.dataframe[0].value.columns].index("Details") == 3  # in view, and left out where nobody has any
    assert set(desk.statuses(run).values()) == {LinkStatus.SET, LinkStatus.REVOKED}
    assert tab.button(key="links_again").label == "New links to 2 people whose link has ended"
    assert "1 set theirs, 2 not yet" in page("jobs").dataframe[0].value["Result"].tolist()


def test_a_copied_link_is_shown_until_it_is_closed_and_audited(desk: LinkDesk) -> None:
    run = desk.start(*desk.have(anna="", jan="jan@out.example"), without_mail=True)
    tab = select(page("jobs", run=str(run)), "board-", 0)
    tab.button(key="board_copy").click().run()
    assert "Anyone who has this link" in said(tab)
    assert not any("/password/" in each.value for each in tab.code)
    tab.button(key="link_show").click().run()
    (link,) = [each.value for each in tab.code if "/password/" in each.value]
    assert desk.services.password_links.open(link.rpartition("/")[2], opened=False).address == "anna@a.nl"
    assert [what for what, on, _ in trail(desk.app) if what == "link.copy" and on == "anna@a.nl"]
    tab.button(key="link_copied").click().run()
    assert not any("/password/" in each.value for each in tab.code)


def test_the_board_offers_letters_for_everyone_or_for_those_without_a_mail(desk: LinkDesk) -> None:
    def offered(tab: AppTest) -> str:
        assert not tab.exception
        return "\n".join(each.proto.body for each in tab.get("html") if "link-letters" in each.proto.body)

    run = desk.start(*desk.have(anna="", jan="jan@out.example"), without_mail=True)
    desk.send()
    tab = page("jobs", run=str(run))
    assert f"/runs/{run}/link-letters.pdf?paper=A4&amp;people=unmailed" in offered(tab)
    tab.button_group(key="board-letters-for").set_value("Everyone").run()
    tab.selectbox(key="board-letters-language").set_value("nl").run()
    assert f"/runs/{run}/link-letters.pdf?paper=Letter&amp;language=nl" in offered(tab)
    sent = desk.services.sent_links
    sent.revoke(LOCAL, sent.board(LOCAL, run).people[0].id)
    assert f'/runs/{run}/link-letters.pdf?paper=A4"' in offered(page("jobs", run=str(run)))
    sent.revoke(LOCAL, sent.board(LOCAL, run).people[1].id)
    assert not offered(page("jobs", run=str(run)))


def test_a_locked_mailbox_is_unlocked_by_a_link(desk: LinkDesk) -> None:
    (anna,) = desk.have(anna="anna@out.example")
    desk.app.services.mailboxes.lock(LOCAL, "a.nl", "anna")
    tab = page("mailbox", address=anna)
    tab.button(key="card_unlock").click().run()
    tab.button_group(key="change_how").set_value("Send a link").run()
    assert not tab.exception
    assert texts.UNLOCKS in said(tab)
    assert "The link for anna@a.nl goes to anna@out.example, in English." in said(tab)
    tab.button(key="links_go").click().run()
    assert "A link for anna@a.nl goes to anna@out.example." in said(tab)
    assert desk.app.services.mailboxes.read(LOCAL, "a.nl", "anna").lock is None
    desk.send()
    assert desk.use(desk.token("anna@out.example")).done


def test_a_mailbox_shows_its_links_and_sends_one_without_leaving(desk: LinkDesk) -> None:
    (anna,) = desk.have(anna="anna@out.example")
    tab = page("mailbox", address=anna)
    assert tab.button(key="card_link").proto.type == "primary"
    tab.button(key="card_link").click().run()
    assert "The link for anna@a.nl goes to anna@out.example, in English." in said(tab)
    tab.button(key="links_go").click().run()
    assert "A link for anna@a.nl goes to anna@out.example." in said(tab)
    desk.send()
    tab.run()
    assert "Link sent to anna@out.example" in said(tab)
    tab.button(key=next(each.key for each in tab.button if str(each.key).startswith("link-revoke-card"))).click().run()
    assert "The link for anna@a.nl has ended." in said(tab)
    assert [each.value["details"].tolist() for each in tab.dataframe if "details" in each.value] == [
        ["It was revoked."]
    ]
