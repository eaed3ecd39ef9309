"""The page *Notices*: what is open and happened by rights, snoozes, and the choices of people and admins."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib import services
from mxlib.auth.permissions import LOCAL
from mxlib.core.channels import ChannelKind
from mxlib.core.events.notices import Notice, Preferences, Way
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.channels import NewChannel
from mxlib.store import events, mailbox_lists
from tests.support.app import App
from tests.support.pages import ENTRY, plain, sent, visit

PASSWORD = "four words in a row"


def said(tab: AppTest) -> str:
    kinds = (tab.title, tab.subheader, tab.markdown, tab.caption, tab.warning, tab.success, tab.error)
    return "\n".join(plain(str(each.value)) for kind in kinds for each in kind)


def opened_by(name: str = "", **state: object) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in state.items():
        tab.session_state[key.replace("_", "-")] = value
    if name:
        tab.user = {"email": name}
    return visit(tab, "notices")


def full(app: App, *domains: str) -> None:
    """Let a list of each domain have a full mailbox."""
    with app.services.store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl", "b.nl", "c.nl"], app.services.clock.now())
        for domain in domains:
            box = Mailbox("full", f"full@{domain}", 100, 100.0, 100, 0, suspended=False)
            mailbox_lists.keep_mailboxes(tx, domain, [box], app.services.clock.now())


def jump(app: App, address: str) -> int:
    """Store a jump of messages sent; return its number."""
    event = Event(Rule.SENT_JUMP, EventCode.SENT_JUMP, address, 1, {"sent": 2_300, "usual": 40})
    with app.services.store.write() as tx:
        events.add(tx, event, address.partition("@")[2], app.services.clock.now())
        return events.find(tx, events.EventFilter(), 1)[0].number


@pytest.fixture
def people(app: App) -> App:
    """An admin, and a viewer of a.nl."""
    app.services.users.add(LOCAL, "boss@agency.example", PASSWORD, admin=True)
    app.services.users.add(LOCAL, "vera@agency.example", PASSWORD, permissions={"a.nl": ["view"]})
    return app


def test_an_empty_page_says_so_on_each_tab(app: App) -> None:
    assert app
    tab = opened_by()
    assert "Nothing is open." in said(tab)
    assert "Nothing has happened that MXM reports." in said(tab)
    assert "Nothing is snoozed." in said(tab)


def test_a_viewer_sees_events_of_their_domain_only_and_no_choice_of_admins(people: App) -> None:
    full(people, "a.nl", "b.nl")
    tab = opened_by("vera@agency.example")
    assert "**1 event open**" in said(tab)
    assert "full@a.nl" in sent(tab)
    assert "full@b.nl" not in sent(tab)
    assert [each.label for each in tab.tabs] == ["Open", "What happened", "Snoozed", "Mails to me"]
    assert "full@b.nl" in sent(opened_by("boss@agency.example"))


def test_a_suspected_hijack_leads_to_lock(app: App) -> None:
    full(app, "a.nl")
    tab = opened_by(notices_history_picked=jump(app, "anna@a.nl"))
    assert "anna@a.nl sent 2,300 messages today, usually 40." in said(tab)
    assert "Lock anna@a.nl on its page" in plain(sent(tab))


def test_where_its_notice_went_stands_beside_an_event_for_admins_alone(people: App) -> None:
    full(people, "a.nl")
    here = people.services
    here.channels.create(LOCAL, NewChannel("Hook", ChannelKind.WEBHOOK, "https://hook.agency.example/tajna"))
    number = here.notices.open(LOCAL)[0].number
    now = here.clock.now()
    with here.store.write() as tx:
        here.deliveries.queue(tx, events.add_notice(tx, Notice(Way.AT_ONCE, Rule.MAILBOX_STORAGE, (number,)), now))
    tab = opened_by("boss@agency.example", notices_history_picked=number)
    assert "Hook (1 event of it): Would have left" in said(tab)
    assert "tajna" not in said(tab)
    tab = opened_by("vera@agency.example", notices_history_picked=number)
    assert "It is in notice" in said(tab)
    assert "Hook" not in said(tab)


def test_an_event_is_snoozed_and_reported_again(app: App) -> None:
    full(app, "a.nl")
    tab = opened_by(notices_open_picked=app.services.notices.open(LOCAL)[0].number)
    tab.button(key="snooze-notices-open").click().run()
    assert "Snoozed until" in said(tab)
    assert "Mailbox storage, full@a.nl" in said(tab)
    assert [each.subject for each in app.services.notices.snoozed(LOCAL)] == ["full@a.nl"]
    tab.button(key="unsnooze-0").click().run()
    assert "Reported again: Mailbox storage, full@a.nl." in said(tab)
    assert app.services.notices.snoozed(LOCAL) == ()


def test_the_history_is_filtered_and_paged(app: App) -> None:
    for number in range(102):
        jump(app, f"m{number}@a.nl")
    full(app, "b.nl")
    tab = opened_by()
    assert [button.key for button in tab.button if button.key in ("older", "newer")] == ["older"]
    tab.button(key="older").click().run()
    assert "m0@a.nl" in sent(tab)
    tab.button(key="newer").click().run()
    tab.selectbox(key="notices-rule").set_value(Rule.MAILBOX_STORAGE).run()
    assert "m101@a.nl" not in sent(tab)
    assert "full@b.nl" in sent(tab)
    tab.selectbox(key="notices-severity").set_value(Severity.INFO).run()
    assert "No event matches." in said(tab)


def test_a_person_chooses_their_mails(people: App) -> None:
    tab = opened_by("vera@agency.example")
    tab.selectbox(key="notice-mails").set_value(Severity.WARNING).run()
    tab.button(key="save-mails").click().run()
    assert "Saved. Mails to you: urgent events and warnings." in said(tab)
    vera = people.services.users.caller("vera@agency.example")
    assert people.services.notices.mails(vera) is Severity.WARNING
    assert opened_by("vera@agency.example").selectbox(key="notice-mails").value is Severity.WARNING


def test_the_page_says_so_to_a_person_without_an_address(app: App) -> None:
    assert app
    assert "Your name here is not an email address" in said(opened_by())


def test_an_admin_sets_quiet_hours_the_digest_and_severities(people: App) -> None:
    tab = opened_by("boss@agency.example")
    assert tab.selectbox(key="severity-mailbox_made").value == ""
    tab.selectbox(key="quiet-from").set_value(-1)
    tab.selectbox(key="digest-hour").set_value(9)
    tab.selectbox(key="severity-mailbox_made").set_value(Severity.URGENT).run()
    tab.button(key="save-preferences").click().run()
    assert "Saved. It holds for events from now on." in said(tab)
    chosen = services.current().notices.preferences(LOCAL)
    assert chosen == Preferences(None, 7, 9, {Rule.MAILBOX_MADE: Severity.URGENT})
