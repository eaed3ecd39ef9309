"""Each action of each page, with the rights for it taken away between its drawing and the click: nothing happens.

Who acts is asked for at the click, so that a page that was drawn long ago, or in the moment before a demotion, does
nothing with the rights of then. What was typed stays, and one sentence says what is missing.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyotp
import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.audit_verification import Break, BreakKind, Verification
from mxlib.core.background_tasks import TaskName
from mxlib.core.channels import ChannelKind
from mxlib.core.clients import ClientDetails
from mxlib.core.handover.texts import Text, TextKind
from mxlib.core.links import REMIND_AFTER_S
from mxlib.core.mailbox_filter import MailboxFilter
from mxlib.core.mails import MailCause, TrialMail
from mxlib.core.reasons import Reason
from mxlib.core.text.handover_texts import KIND_LABELS
from mxlib.core.vocabulary import AuditAction, HandOverWay, RowReason
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import Services, build, install
from mxlib.services.channels import NewChannel
from mxlib.services.drafts import DraftContent
from mxlib.services.handover_texts import ALL_CLIENTS
from mxlib.services.outbox import QueuedMail, Recipient
from mxlib.settings import Settings
from mxlib.store import (
    audit,
    audit_check,
    background_tasks,
    clock_guard,
    dated_deletions,
    hold,
    mailbox_lists,
    mailbox_locks,
    manual_writes,
    stored_columns,
)
from mxlib.store import links as kept_links
from mxlib.store.dated_deletions import DatedDeletion
from mxlib.ui.app import session
from tests.support import sign_in as people
from tests.support.audit_entries import audit_entries
from tests.support.links import age_mails
from tests.support.pages import ENTRY, FILE, PAGES, grid_key, preview, search, statuses, visit
from tests.support.threaded_runs import until

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

UI = Path(__file__).parents[2] / "mxlib" / "ui"
HERE, ACTOR, OTHER, PASSWORD = "clienta.nl", "kim", "jo", "four words in a row"

#: Buttons and callbacks that change what one tab shows and nothing else, by key.
LOOKS = {
    "newer", "older", "to_accounts", "to_import", "refresh", "search", "order", "all_rows", "page", "again",
    "rows_filter", "fix_left_out", "every_column",
    "reveal", "show_changes", "_KEY", "show_changed", "_LIST", "only_selected", "rows-open", "runs", "to-run-",
    "undo_leave", "banner-show-", "select", "select_go", "select_none", "do_open", "do_setup", "new_cancel",
    "new_generate", "new_done", "new_another", "change_cancel", "change_done", "drawer_", "drawer_back", "drawer_page",
    "channel-secret-done",
    "drawer_refresh", "drawer_edit_", "back", "done", "add-user", "add-token", "change-rights",
    "new-password", "new", "map_back", "map_discard", "change_reading", "undo", "redo", "step.key(part)", "grid",
    "-all-", "-every", "step.key(f'pick-{meaning}')", "step.key(f'use-{at}')", "key", "remove-", "confirm-go",
    "to_jobs", "csv-delimiter", "run-more", "open-run-", "show-run-", "open-box-",
    "more_groups", "step.key('header_row')", "use_private",
    "found-client-",
    "links_cancel", "link_copied", "link_copy_cancel", "board--",
    "jump-open", "keys-open", "search-focus", "close_message", "handover--", "clients-chart",
}  # fmt: skip

#: What changes the rows of one's own draft, and cannot do more: the start asks for the rights of its rows.
OWN_ROWS = {"add", "add_further", "bulk_apply", "generate", "on_existing", "Save this row", "Leave it out",
            "Delete it", "import_domain", "fix-.", "unfix-", "use-", "keep_mine", "take_theirs", "show_update",
            "step.key('offer')", "suggest-", "editor.key"}  # fmt: skip

#: What a person chooses for themselves alone; what comes of it goes by their rights of that moment.
OWN_CHOICES = {"save-mails"}


@dataclass(frozen=True)
class Action:
    """One thing to click: where, what has to be so before it, and by which key."""

    key: str
    page: str
    rights: str = "admin"
    before: Callable[["Tab"], None] = lambda _tab: None
    query: dict[str, str] = field(default_factory=dict)


class Tab:
    """A tab of kim's, and the services behind it."""

    def __init__(self, services: Services, number: int, action: Action) -> None:
        self.services, self.number, self.action = services, number, action
        self.app = AppTest.from_file(str(ENTRY), default_timeout=60)
        self.app.user = {"email": ACTOR}
        self.run: int | None = None
        self.draft = ""

    def open(self) -> None:
        """Go to the action's page."""
        query = {"domain": HERE, **self.action.query} | ({"run": str(self.run)} if self.run else {})
        for name, value in query.items():
            self.app.query_params[name] = value
        visit(self.app, self.action.page)

    def press(self, key: str) -> None:
        self.app.button(key=key).click().run()
        assert not self.app.exception, self.app.exception

    def a_run(self, rows: bytes = b"username,password\r\nof.kim,Geheim.2026x\r\n", who: str = ACTOR) -> None:
        """A run of a user, at its end unless the host's limit keeps it."""
        services, caller = self.services, self.services.users.caller(who)
        batch = services.files.batch_from_file(rows, "staff.csv", HERE)
        ready = services.imports.confirm(caller, batch, before=services.imports.validate(caller, batch))
        self.run = services.runs.start(caller, ready.plan, days=7)

    def finished(self, who: str = ACTOR) -> None:
        self.a_run(who=who)
        self.wait_for("finished")

    def stopped(self) -> None:
        """A run that was stopped, with nothing of it in flight."""
        self.going()
        self.services.runs.stop(LOCAL, self.run or 0)
        self.wait_for("stopped")

    def wait_for(self, status: str) -> None:
        until(lambda: (view := self.services.runs.get(LOCAL, self.run or 0)) is not None and view.status == status)

    def going(self) -> None:
        """A run that goes on for longer than the test."""
        rows = "".join(f"user{n},Geheim.2026x\r\n" for n in range(400))
        self.a_run(f"username,password\r\n{rows}".encode())


def paused_in_the_list(tab: Tab) -> None:
    tab.going()
    tab.services.runs.pause(LOCAL, tab.run or 0)
    tab.run = None


def a_draft(tab: Tab) -> None:
    services, jo = tab.services, tab.services.users.caller(OTHER)
    batch = services.files.batch_from_file(FILE, "draft.csv", HERE)
    tab.draft = services.drafts.new()
    services.drafts.keep(jo, tab.draft, DraftContent(batch, FILE))


def picked_person(tab: Tab, *, disabled: bool = False) -> None:
    jo = tab.services.users.find(OTHER)
    assert jo
    if disabled:
        tab.services.users.disable(LOCAL, jo.id)
    tab.app.session_state["people-picked"] = jo.id


def knew_a_password(tab: Tab) -> None:
    with tab.services.store.write() as tx:
        action, at = AuditAction.MAILBOX_UPDATE, tab.services.clock.now()
        audit.record(tx, audit.Actor(OTHER), action, at=at, on=f"info@{HERE}", detail={"password": True})
    picked_person(tab, disabled=True)


def linked(tab: Tab) -> None:
    jo = tab.services.users.find(OTHER)
    assert jo
    tab.services.users.link(jo.id, "https://id.example|1", "")
    picked_person(tab)


def with_second_factor(tab: Tab) -> None:
    jo, factors = tab.services.users.find(OTHER), tab.services.authenticator.second_factors
    assert jo
    factors.enroll(jo, b"x", pyotp.TOTP(factors.enrollment(jo, b"x").secret).now(), "")
    picked_person(tab)


def signed_in_jo(tab: Tab) -> None:
    with tab.services.store.write() as tx:
        jo = tab.services.users.find(OTHER)
        assert jo
        tab.services.sessions.start(tx, jo.id, "10.0.0.1", "")
    picked_person(tab)


def signed_in_twice(tab: Tab) -> None:
    with tab.services.store.write() as tx:
        for _ in range(2):
            tab.services.sessions.start(tx, tab.number, "10.0.0.1", "")


def a_token(tab: Tab) -> None:
    tab.services.tokens.create(LOCAL, "ci", admin=True)
    tab.app.session_state["tokens-picked"] = tab.services.tokens.list_all(LOCAL)[0].id


def without_answer(outcome: str = "no answer came") -> Callable[[Tab], None]:
    """A change by hand of kim's that got no answer, and may have set a password."""

    def journal(tab: Tab) -> None:
        services = tab.services
        with services.store.write() as tx:
            number = manual_writes.add(
                tx, services.store.key, "Geheim.2026x", at=services.clock.now(), who=ACTOR, kind="operator", address="",
                action="update", domain=HERE, username="info", asked={}, recovery_email="", settle_at=0.0,
                passwords_until=services.clock.now() + 1000.0,
            )  # fmt: skip
            manual_writes.change(tx, number, status=manual_writes.KEPT, outcome=outcome)

    return journal


def a_jump(tab: Tab) -> None:
    """The server's clock goes ahead by twenty days."""
    services = tab.services
    with services.store.write() as tx:
        clock_guard.observe(tx, services.clock.now() - 20 * 86_400)
        clock_guard.observe(tx, services.clock.now())


def a_restore(tab: Tab) -> None:
    """The server was restored from a backup, and everything waits."""
    with tab.services.store.write() as tx:
        hold.begin(tx, hold.Hold(1.0))


def a_break(tab: Tab) -> None:
    """The last check of the audit log found a break."""
    with tab.services.store.write() as tx:
        audit_check.keep(tx, Verification(breaks=(Break(BreakKind.CHANGED, 1),)), tab.services.clock.now())


def handed_over(tab: Tab) -> None:
    """The one person of a run has the password."""
    tab.finished()
    tab.services.handover.mark(LOCAL, tab.run or 0, [0], HandOverWay.LETTER)


def letters_taken(tab: Tab) -> None:
    """The letters of a run were downloaded."""
    tab.finished()
    tab.services.exports.run_file(LOCAL, tab.run or 0, "letters.pdf")


ROWS_WITH_EMAIL = b"username,password,recovery_email\r\nof.kim,Geheim.2026x,kim@mail.example\r\n"


def finished_with_email(tab: Tab) -> None:
    """A run has made a mailbox whose owner can get a link."""
    tab.a_run(ROWS_WITH_EMAIL)
    until(lambda: (view := tab.services.runs.get(LOCAL, tab.run or 0)) is not None and view.status == "finished")
    tab.services.lists.mailboxes(LOCAL, HERE, refresh=True)


def with_link(tab: Tab) -> None:
    """The owner of that mailbox has a link, and its run is open."""
    finished_with_email(tab)
    plans = tab.services.link_plans
    tab.run = plans.start(LOCAL, plans.plan(LOCAL, run=tab.run))
    tab.services.link_maker.work()
    tab.services.outbox.send_due()
    age_mails(tab.services.store, REMIND_AFTER_S)


def with_an_ended_link(tab: Tab) -> None:
    """The link of that mailbox was revoked."""
    with_link(tab)
    (person,) = tab.services.sent_links.board(LOCAL, tab.run or 0).people
    tab.services.sent_links.revoke(LOCAL, person.id)


def with_link_of_a_mailbox(tab: Tab) -> None:
    """That mailbox is shown, not the run."""
    with_link(tab)
    tab.run = None


def ticked_with_email(tab: Tab) -> None:
    """That mailbox is selected among all."""
    finished_with_email(tab)
    tab.run = None
    tab.app.session_state["selected"] = {"addresses": {f"of.kim@{HERE}"}, "turn": 0}


def a_task(tab: Tab) -> None:
    """The server has prepared its background tasks."""
    with tab.services.store.write() as tx:
        for name in TaskName:
            background_tasks.introduce(tx, name, tab.services.clock.now(), at_start=False)


def of_ticks(name: str) -> Callable[[Tab], None]:
    def tick(tab: Tab) -> None:
        tab.app.session_state["selected"] = {"domain": HERE, "addresses": {f"info@{HERE}"}, "turn": 0}

    return tick


def a_client(tab: Tab) -> None:
    tab.app.session_state["clients-picked"] = tab.services.clients.add(LOCAL, ClientDetails("Client A", (HERE,)))


def a_text(tab: Tab) -> None:
    texts = tab.services.handover_texts
    before = texts.get(LOCAL, ALL_CLIENTS, TextKind.LETTER, "en")
    texts.save(LOCAL, ALL_CLIENTS, TextKind.LETTER, "en", Text("For {address}"), before=before)


def a_dated_deletion(why: str = "") -> Callable[[Tab], None]:
    """A mailbox has a date for its deletion, and asks first with `why`."""

    def stored(tab: Tab) -> None:
        now = tab.services.clock.now()
        deletion = DatedDeletion(HERE, "info", now + 864_000, now, LOCAL.name, LOCAL.kind, "", {}, why)
        with tab.services.store.write() as tx:
            dated_deletions.put(tx, deletion)

    return stored


def a_lock(tab: Tab) -> None:
    """That mailbox is locked, and is the one of the card."""
    finished_with_email(tab)
    tab.run = None
    tab.services.mailboxes.lock(LOCAL, HERE, "of.kim")


def a_lock_ticked(tab: Tab) -> None:
    """That mailbox is locked, and selected among all."""
    ticked_with_email(tab)
    tab.services.mailboxes.lock(LOCAL, HERE, "of.kim")


def a_view(tab: Tab) -> None:
    """A view of kim's."""
    tab.services.saved_views.save(tab.services.users.caller(ACTOR), "Full", MailboxFilter())


def a_channel(tab: Tab) -> None:
    """A channel is selected."""
    tab.services.channels.create(LOCAL, NewChannel("Hook", ChannelKind.WEBHOOK, "https://hook.agency.example/"))
    tab.app.session_state["channels-picked"] = tab.services.channels.list_all(LOCAL)[0].number


def a_waiting_mail(tab: Tab) -> None:
    """A mail waits, and is selected."""
    outbox = tab.services.outbox
    mail = QueuedMail(Recipient("nina@mail.example"), TrialMail("jo", ""), MailCause.TEST)
    with tab.services.store.write() as tx:
        tab.app.session_state["outbox-picked"] = outbox.queue(tx, mail, "jo")


def an_event(table: str) -> Callable[["Tab"], None]:
    """A mailbox is full, and selected in a table."""

    def prepare(tab: Tab) -> None:
        with tab.services.store.write() as tx:
            box = Mailbox("full", f"full@{HERE}", 100, 100.0, 100, 0, suspended=False)
            mailbox_lists.keep_mailboxes(tx, HERE, [box], tab.services.clock.now())
        tab.app.session_state[f"{table}-picked"] = tab.services.notices.open(LOCAL)[0].number

    return prepare


def a_snooze(tab: Tab) -> None:
    """That event is snoozed."""
    an_event("notices-open")(tab)
    notices = tab.services.notices
    notices.snooze(LOCAL, notices.open(LOCAL)[0].number, tab.services.clock.now() + 86_400)


EDIT = {"edited_rows": {1: {"username": "jan.jansen"}}, "added_rows": [], "deleted_rows": []}
CARD = {"address": f"info@{HERE}"}
OF_KIM = {"address": f"of.kim@{HERE}"}
ADMIN = "admin"
IMPORT = "view import"

#: Each action with the keys that lead to it on its page; the last one is clicked without the right.
ACTIONS: tuple[tuple[Action, tuple[str, ...]], ...] = (
    (Action("own-sign-out", "access", "none"), ()),
    (Action("own-sign-out-others", "access", "none", signed_in_twice), ()),
    (Action("own-end-", "access", "none", signed_in_twice), ()),
    (Action("own-change", "access", "none"), ()),
    (Action("add", "access"), ("add-user",)),
    (Action("save-rights", "access", before=picked_person), ("change-rights",)),
    (Action("make-password", "access", before=picked_person), ("new-password",)),
    (Action("sign-out", "access", before=signed_in_jo), ()),
    (Action("unlink", "access", before=linked), ()),
    (Action("reset-factor", "access", before=with_second_factor), ()),
    (Action("disable-now", "access", before=picked_person), ("disable",)),
    (Action("enable", "access", before=lambda tab: picked_person(tab, disabled=True)), ()),
    (Action("reset-known", "access", before=knew_a_password), ("known-passwords",)),
    (Action("make-token", "access"), ("add-token",)),
    (Action("revoke", "access", before=a_token), ()),
    (Action("token-hand-over", "access", before=a_token), ()),
    (Action("save-client", "clients", before=a_client), ("edit-client",)),
    (Action("save-client", "clients"), ("add-client",)),
    (Action("save-self-service", "clients"), ("free-domains",)),
    (Action("delete-client", "clients", before=a_client), ("ask-delete-client",)),
    (Action("save-text", "texts"), ()),
    (Action("reset-text", "texts", before=a_text), ()),
    (Action("save-letterhead", "texts"), ()),
    (Action("text-test", "texts"), ("mail",)),
    (Action("import-clients", "clients"), ("import-client-list", "client-list")),
    (Action("channel-add", "notices"), ()),
    (Action("channel-save", "notices", before=a_channel), ()),
    (Action("channel-test", "notices", before=a_channel), ()),
    (Action("channel-delete", "notices", before=a_channel), ()),
    (Action("outbox-test", "outbox"), ()),
    (Action("snooze-", "notices", IMPORT, an_event("notices-open")), ()),
    (Action("unsnooze-", "notices", IMPORT, a_snooze), ()),
    (Action("save-preferences", "notices"), ()),
    (Action("outbox-try", "outbox", before=a_waiting_mail), ()),
    (Action("outbox-discard", "outbox", before=a_waiting_mail), ()),
    (Action("preview_import", "import_mailboxes", IMPORT), ()),
    (Action("recheck", "import_mailboxes", IMPORT), ("preview",)),
    (Action("create", "import_mailboxes", IMPORT), ("preview",)),
    (Action("start", "import_mailboxes", IMPORT), ("preview", "create")),
    (Action("discard", "import_mailboxes", IMPORT), ("preview",)),
    (Action("map_done", "import_mailboxes", IMPORT), ("mapping",)),
    (Action("go-on-", "import_mailboxes", IMPORT, a_draft), ()),
    (Action("forget-", "import_mailboxes", IMPORT, a_draft), ()),
    (Action("new_go", "email_accounts", IMPORT), ("new", "typed")),
    (Action("export-all", "email_accounts", "view export"), ()),
    (Action("view-save", "email_accounts", "view"), ("menu save", "named")),
    (Action("view-rename", "email_accounts", "view", a_view), ("menu edit",)),
    (Action("view-delete", "email_accounts", "view", a_view), ("menu edit",)),
    (Action("find_read", "email_accounts", "view"), ("find",)),
    (Action("do_quota", "email_accounts", IMPORT, of_ticks("quota")), ()),
    (Action("do_more", "email_accounts", IMPORT, of_ticks("more")), ()),
    (Action("card_more", "mailbox", IMPORT, query=CARD), ()),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_more",)),
    (Action("do_password", "email_accounts", IMPORT, of_ticks("password")), ()),
    (Action("do_recovery", "email_accounts", IMPORT, of_ticks("recovery")), ()),
    (Action("do_delete", "email_accounts", "view delete", of_ticks("delete")), ()),
    (Action("do_setup", "email_accounts", IMPORT, of_ticks("setup")), ()),
    (Action("change_go", "email_accounts", IMPORT, of_ticks("quota")), ("do_quota", "change_quota")),
    (Action("change_go", "email_accounts", IMPORT, of_ticks("password")), ("do_password",)),
    (Action("change_go", "email_accounts", IMPORT, of_ticks("recovery")), ("do_recovery", "change_recovery")),
    (Action("change_go", "email_accounts", "view delete", of_ticks("delete")), ("do_delete", "change_typed")),
    (Action("do_lock", "email_accounts", IMPORT, of_ticks("lock")), ()),
    (Action("do_name", "email_accounts", IMPORT, of_ticks("name")), ()),
    (Action("do_unlock", "email_accounts", IMPORT, a_lock_ticked), ()),
    (Action("change_go", "email_accounts", IMPORT, of_ticks("lock")), ("do_lock",)),
    (Action("change_go", "email_accounts", IMPORT, of_ticks("name")), ("do_name", "change_name")),
    (Action("change_go", "email_accounts", IMPORT, a_lock_ticked), ("do_unlock",)),
    (Action("change_go", "email_accounts", "view import delete", of_ticks("delete")),
     ("do_delete", "later", "change_typed")),
    (Action("card_lock", "mailbox", IMPORT, query=CARD), ()),
    (Action("card_name", "mailbox", IMPORT, query=CARD), ()),
    (Action("card_unlock", "mailbox", IMPORT, a_lock, OF_KIM), ()),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_lock",)),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_name", "change_name")),
    (Action("change_go", "mailbox", IMPORT, a_lock, OF_KIM), ("card_unlock",)),
    (Action("links_go", "mailbox", IMPORT, a_lock, OF_KIM), ("card_unlock", "by a link")),
    (Action("change_go", "mailbox", "view import delete", query=CARD), ("card_delete", "later", "change_typed")),
    (Action("card_quota", "mailbox", IMPORT, query=CARD), ()),
    (Action("card_password", "mailbox", IMPORT, query=CARD), ()),
    (Action("card_recovery", "mailbox", IMPORT, query=CARD), ()),
    (Action("card_delete", "mailbox", "view delete", query=CARD), ()),
    (Action("refresh", "mailbox", "view", query=CARD), ()),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_quota", "change_quota")),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_password",)),
    (Action("change_go", "mailbox", IMPORT, query=CARD), ("card_recovery", "change_recovery")),
    (Action("ask_recovery", "mailbox", IMPORT, query=CARD), ("card_recovery",)),
    (Action("change_go", "mailbox", "view delete", query=CARD), ("card_delete", "change_typed")),
    (Action("confirm-time", "email_accounts", before=a_jump), ()),
    (Action("continue-restored", "email_accounts", before=a_restore), ()),
    (Action("audit-accept", "audit", before=a_break), ()),
    (Action("run-task-", "background_tasks", before=a_task), ()),
    (Action("unconfirmed_show_", "mailbox", IMPORT, without_answer(), query=CARD), ()),
    (Action("unconfirmed_forget_", "mailbox", IMPORT, without_answer(), query=CARD), ()),
    (Action("unconfirmed_show_", "email_accounts", IMPORT, without_answer()), ()),
    (Action("unconfirmed_forget_", "email_accounts", IMPORT, without_answer()), ()),
    (Action("dated-off-", "jobs", "view import delete", a_dated_deletion()), ()),
    (Action("dated-delete-", "jobs", "view import delete", a_dated_deletion("It sent mail.")), ()),
    (Action("pause", "jobs", IMPORT, Tab.going), ()),
    (Action("stop", "jobs", IMPORT, Tab.going), ()),
    (Action("resume", "jobs", IMPORT, lambda tab: (tab.going(), tab.services.runs.pause(LOCAL, tab.run or 0))[1]), ()),
    (Action("resume-", "jobs", IMPORT, paused_in_the_list), ()),
    (Action("retry", "jobs", IMPORT, Tab.stopped), ()),
    (Action("take", "jobs", IMPORT, lambda tab: tab.finished(OTHER)), ()),
    (Action("forget", "jobs", IMPORT, Tab.finished), ("forget-agreed",)),
    (Action("extend", "jobs", IMPORT, Tab.finished), ()),
    (Action("mark_handed", "jobs", IMPORT, Tab.finished), ("first person",)),
    (Action("unmark_handed", "jobs", IMPORT, handed_over), ("first person",)),
    (Action("mark_offered", "jobs", IMPORT, letters_taken), ()),
    (Action("copy_message", "jobs", IMPORT, Tab.finished), ("first person",)),
    (Action("mark_message", "jobs", IMPORT, Tab.finished), ("first person", "copy_message")),
    (Action("new_handed_password", "jobs", IMPORT, Tab.finished), ("first person",)),
    (Action("change_go", "jobs", IMPORT, Tab.finished), ("first person", "new_handed_password")),
    (Action("mark_renewed", "jobs", IMPORT, Tab.finished), ("first person", "new_handed_password", "change_go")),
    (Action("send_links", "jobs", IMPORT, finished_with_email), ()),
    (Action("links_go", "jobs", IMPORT, finished_with_email), ("send_links",)),
    (Action("links_test", "jobs", IMPORT, finished_with_email), ("send_links", "links_test_to")),
    (Action("links_remind", "jobs", IMPORT, with_link), ()),
    (Action("links_again", "jobs", IMPORT, with_an_ended_link), ()),
    (Action("board_resend", "jobs", IMPORT, with_link), ("first link",)),
    (Action("board_revoke", "jobs", IMPORT, with_link), ("first link",)),
    (Action("board_copy", "jobs", IMPORT, with_link), ("first link",)),
    (Action("link_show", "jobs", IMPORT, with_link), ("first link", "board_copy")),
    (Action("do_link", "email_accounts", IMPORT, ticked_with_email), ()),
    (Action("links_go", "email_accounts", IMPORT, ticked_with_email), ("do_link",)),
    (Action("card_link", "mailbox", IMPORT, query=CARD), ()),
    (Action("link-resend-", "mailbox", IMPORT, with_link_of_a_mailbox, OF_KIM), ()),
    (Action("link-revoke-", "mailbox", IMPORT, with_link_of_a_mailbox, OF_KIM), ()),
    (Action("link-copy-", "mailbox", IMPORT, with_link_of_a_mailbox, OF_KIM), ()),
    (Action("undo_look", "jobs", "view import delete", Tab.finished), ()),
    (Action("undo_do", "jobs", "view import delete", Tab.finished), ("undo_look", "undo_typed")),
)  # fmt: skip


#: What is typed into a dialog before its last button.
TYPED = {
    "links_test_to": "kim@agency.example",
    "change_quota": "4096",
    "change_recovery": "owner@example.org",
    "change_name": "Kim Berg",
    "change_typed": f"info@{HERE}",
}


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    built = build(Settings(data_dir=tmp_path, sandbox_window_s=1.0, sandbox_writes=50, sandbox_reads=400))
    install(built)
    built.run_manager.recover()
    built.users.add(LOCAL, "boss", PASSWORD, admin=True)
    built.users.add(LOCAL, OTHER, PASSWORD, permissions={HERE: list(Permission)})
    monkeypatch.setattr(session, "session", lambda: "")
    yield built
    install(None)
    built.close()


def prepared(services: Services, action: Action, way: tuple[str, ...]) -> Tab:
    """A tab in which only the last click is missing."""
    admin = action.rights == "admin"
    rights = [] if action.rights in ("admin", "none") else [Permission(right) for right in action.rights.split()]
    number = services.users.add(LOCAL, ACTOR, PASSWORD, admin=admin, permissions={HERE: rights, "clientb.nl": rights})
    services.lists.mailboxes(LOCAL, HERE)
    tab = Tab(services, number, action)
    action.before(tab)
    tab.open()
    app = tab.app
    if action.key == "preview_import":
        app.text_area(key="pasted").input("username\nnina.berg").run()
    if action.key == "channel-add":
        app.text_input(key="channel-new-name").input("Ours").run()
        app.text_input(key="channel-new-address").input("ntfy://topic-of-ours").run()
    if action.key == "outbox-test":
        app.text_input(key="outbox-test-to").input("nina@mail.example").run()
    for step in way:
        if step == "preview":
            preview(app, FILE)
            app.session_state[grid_key(app)] = EDIT
            app.run()
        elif step == "mapping":
            app.file_uploader(key="upload").upload("odd.csv", b"Foo,Bar\r\nnina.berg,1\r\n").run()
            app.selectbox(key=next(box.key for box in app.selectbox if "target-who" in str(box.key))).set_value(0).run()
        elif step == "mail":
            app.selectbox(key="texts-kind").set_value(KIND_LABELS[TextKind.MAIL]).run()
            app.text_input(key="text-test-to").input("nina@mail.example").run()
        elif step == "client-list":
            app.file_uploader(key="client-list-file").upload(
                "clients.csv", f"client,domains\nA,{HERE}\n".encode()
            ).run()
        elif step in ("first person", "first link"):
            table = "handover-" if step == "first person" else "board-"
            key = next(each.proto.id.split("-", 2)[2] for each in app.dataframe if table in each.proto.id)
            app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
            app.run()
        elif step == "typed":
            app.text_input(key="new_username").input("nina.berg").run()
            app.text_input(key="new_password").input("Geheim.2026x").run()
        elif step.startswith("menu "):
            app.menu_button(key="saved-views").click(step.removeprefix("menu ")).run()
        elif step == "named":
            app.text_input(key="view-name").input("Mine").run()
        elif step == "find":
            search(app, "info")
        elif step in ("later", "by a link"):
            choice = app.segmented_control(key="change_when" if step == "later" else "change_how")
            choice.set_value(choice.options[-1]).run()
        elif step == "forget-agreed":
            app.checkbox(key=step).check().run()
        elif step in TYPED:
            app.text_input(key=step).input(TYPED[step]).run()
        elif step == "undo_typed":
            app.text_input(key="undo_typed").input("1")
        else:
            tab.press(step)
    return tab


def world(services: Services) -> dict[str, Any]:
    """What must not change: everything that is kept but the trail of what others do, and what the host was asked."""
    with services.store.read() as tx:
        links = [(each.id, each.mail, each.ended_at) for each in kept_links.of_mailbox(tx, HERE, "of.kim", 9)]
        done = [
            (entry["what"], entry["on"])
            for entry in audit_entries(tx)
            if entry["who"] == ACTOR and entry["what"] not in ("run.finished", "mailbox.create", "permission.refused")
        ]
        locks, names = mailbox_locks.usernames(tx), stored_columns.by_address(tx, "name")
    return {
        "done": done,
        "people": [(user.name, user.admin, user.disabled_at, user.subject) for user in services.users.list_all(LOCAL)],
        "clients": services.clients.list_all(LOCAL),
        "text": services.handover_texts.get(LOCAL, ALL_CLIENTS, TextKind.LETTER, "en"),
        "letterhead": services.handover_texts.letterhead(LOCAL, ALL_CLIENTS),
        "tokens": [(token.id, token.revoked_at) for token in services.tokens.list_all(LOCAL)],
        "unconfirmed": [(write.id, write.has_password) for write in services.unconfirmed.every(LOCAL)],
        "locks": locks,
        "names": names,
        "dated": [deletion.mailbox for deletion in services.dated_deletions.every(LOCAL)],
        "channels": services.channels.list_all(LOCAL),
        "deliveries": services.channels.deliveries(LOCAL),
        "mails": [(mail.id, mail.status) for mail in services.outbox.list_all(LOCAL)],
        "views": services.saved_views.list_own(Caller(ACTOR)),
        "links": links,
        "jump": services.housekeeping.jump(),
        "hold": services.backups.held(),
        "proof": services.audit_proof.problems(LOCAL),
        "runs": [(view.id, view.operator, view.has_passwords) for view in services.runs.all(LOCAL)],
        "drafts": {kept.id: kept.operator for kept in services.drafts.offered(LOCAL) if kept.operator != ACTOR},
    }


def sentences(app: AppTest) -> list[str]:
    """What the page says of permissions."""
    said = [each.value for kind in (app.error, app.info, app.warning) for each in kind]
    return [one for one in said if any(word in one for word in ("permission", "Only admins", "may see", "disabled"))]


def found(app: AppTest, key: str) -> Any:
    return next(button for button in app.button if str(button.key) == key or (
        key.endswith(("-", "_")) and str(button.key).startswith(key)
    ))  # fmt: skip


def cases() -> Iterator[Any]:
    """Every action of a demoted user, and some of a disabled one.

    Disabled: one a page, one behind another click there, and all that ask for no right. Both come out of the one look
    for the caller at the click.
    """
    seen: set[tuple[str, bool]] = set()
    for action, way in ACTIONS:
        name = "-".join((action.page, *way, action.key))
        yield pytest.param(action, way, "demoted", id=f"{name}-demoted")
        if action.rights == "none" or (action.page, bool(way)) not in seen:
            yield pytest.param(action, way, "disabled", id=f"{name}-disabled")
            if action.rights != "none":
                seen.add((action.page, bool(way)))


@pytest.mark.parametrize(("action", "way", "how"), list(cases()))
def test_an_action_does_nothing_without_its_permission(
    services: Services, action: Action, way: tuple[str, ...], how: str
) -> None:
    tab = prepared(services, action, way)
    button = found(tab.app, action.key)
    if how == "disabled":
        services.users.disable(LOCAL, tab.number)
    else:
        services.users.change(LOCAL, tab.number, admin=False, permissions={})
    before = world(services)
    button.click().run()
    assert not tab.app.exception, tab.app.exception
    after = world(services)
    if action.rights != "none" or how == "disabled":
        assert after == before
        assert sentences(tab.app), "nothing says why"
        assert "Geheim.2026x" not in [code.value for code in tab.app.code], "a password is shown"
    if how == "demoted" and "preview" in way and action.key != "discard":
        held = tab.app.session_state["preview"]
        assert held.editor.latest.rows["username"].tolist()[1] == "jan.jansen", "an edit was lost"
        services.users.change(LOCAL, tab.number, permissions={HERE: [Permission.IMPORT]})
        tab.app.run()
        assert statuses(tab.app)[1] == "Ready"
    if how == "demoted" and "typed" in way:
        assert tab.app.text_input(key="new_username").value == "nina.berg"
    if how == "demoted" and action.key == "preview_import":
        assert tab.app.text_area(key="pasted").value == "username\nnina.berg"


def test_an_open_undo_question_shows_only_what_may_be_seen_now(services: Services) -> None:
    action, way = next((each, way) for each, way in ACTIONS if each.key == "undo_do")
    tab = prepared(services, action, way)
    asked = tab.app.session_state["undo_plan"]
    kept = replace(asked.plan.rows[0], reason=Reason.of(RowReason.HOLDS_MAIL, usage=12.0))
    tab.app.session_state["undo_plan"] = replace(asked, plan=replace(asked.plan, rows=(kept,)))

    def happens() -> list[str]:
        tab.app.run()
        assert not tab.app.exception
        return [str(frame.value["What happens"][0]) for frame in tab.app.dataframe if "What happens" in frame.value]

    assert happens() == ["kept: holds 12 MB of mail"]
    services.users.change(LOCAL, tab.number, permissions={HERE: [Permission.VIEW]})
    assert not happens()


def test_every_button_and_callback_of_the_pages_is_listed() -> None:
    known = (
        {action.key for action, _ in ACTIONS}
        | {step for _, way in ACTIONS for step in way}
        | LOOKS
        | OWN_ROWS
        | OWN_CHOICES
    )
    missing = set()
    for path in (*UI.rglob("*.py"), *PAGES.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _acts(call):
                name = _name(call)
                if name not in known and name not in ("do_", "card_"):  # each of them is in the table by its own name
                    missing.add(f"{path.stem}: {name}")
    missing.discard("card: undo.button")
    assert not missing


def test_every_action_on_mailboxes_is_listed_with_what_it_ends_in() -> None:
    """Their keys are put together, so that the test above does not see them."""
    tree = ast.parse((UI / "mailboxes" / "change_dialogs.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Action"]
    # The menu of the drawer has the last one alone; its dialog is also a choice of that of *Delete*.
    names = {str(ast.literal_eval(call.args[0])) for call in calls} - {"later"}
    assert "lock" in names
    listed = {action.key for action, _ in ACTIONS}
    ends = {way[0] for action, way in ACTIONS if way and action.key in {"change_go", "links_go"}}
    for name in names:
        assert {f"do_{name}", f"card_{name}"} & listed, name
        assert {f"do_{name}", f"card_{name}"} & ends, name


def _acts(call: ast.Call) -> bool:
    assert isinstance(call.func, ast.Attribute)
    named = {word.arg for word in call.keywords}
    is_button = call.func.attr in ("button", "form_submit_button") and not (
        isinstance(call.func.value, ast.Name) and call.func.value.id == "undo"
    )
    return is_button or bool(named & {"on_click", "on_change", "on_select"})


def _name(call: ast.Call) -> str:
    """The key of a widget: all of it, the words of one that is put together, or the label."""
    key = next((word.value for word in call.keywords if word.arg == "key"), None)
    if key is None:
        key = call.args[0]
    if isinstance(key, ast.Constant):
        return str(key.value)
    if isinstance(key, ast.JoinedStr):
        return "".join(str(part.value) for part in key.values if isinstance(part, ast.Constant)).replace("--", "-")
    return ast.unparse(key)


# Nobody is kept.

_RESOLVING = ("caller()", "frame.caller()", "signed_in.caller()")


def test_no_caller_is_bound_or_passed_on_across_a_rerun() -> None:
    faults = []
    for path in (*UI.rglob("*.py"), *PAGES.glob("*.py")):
        faults += [f"{path.stem}:{fault}" for fault in kept_callers(path.read_text(encoding="utf-8"))]
    assert not faults


def kept_callers(source: str) -> list[str]:
    """Where a piece of the pages keeps a caller for later, by line."""
    tree = ast.parse(source)
    found: list[str] = []
    _look(tree, set(), found)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found += [
                f"{part.lineno} a field" for part in node.body
                if isinstance(part, ast.AnnAssign) and "Caller" in ast.unparse(part.annotation)
            ]  # fmt: skip
    return found + _astray(tree)


@cache
def _takers() -> frozenset[str]:
    """What a caller may be given to: methods of the services, and functions of the pages that are done at once."""
    found: set[str] = set()
    for path in (*UI.parent.glob("services/*.py"), *UI.parent.glob("auth/*.py"), *UI.rglob("*.py")):
        for made in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(made, ast.FunctionDef) and not made.decorator_list and _named_callers(made):
                found.add(made.name)
    return frozenset(found)


def _named_callers(made: ast.FunctionDef | ast.Lambda) -> set[str]:
    parameters = [*made.args.posonlyargs, *made.args.args, *made.args.kwonlyargs]
    return {each.arg for each in parameters if each.annotation and "Caller" in ast.unparse(each.annotation)}


def _astray(tree: ast.AST) -> list[str]:
    """Where a caller stands but in a call that is over at once, or in a name of its function."""
    over = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    names: set[str] = set()
    later: set[str] = set()
    for made in ast.walk(tree):
        if isinstance(made, (ast.FunctionDef, ast.Lambda)):
            names |= _named_callers(made)
        if isinstance(made, ast.FunctionDef) and (made.decorator_list or not _named_callers(made)):
            later.add(made.name)

    def is_caller(node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return ast.unparse(node.func).rpartition(".")[2] == "caller"
        return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names

    for _ in range(3):
        for node in filter(is_caller, ast.walk(tree)):
            names |= _names_of(over[node])
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(each.name == "caller" for each in node.names):
            found.append(f"{node.lineno} imported alone")
        if isinstance(node, ast.Global) and names & set(node.names):
            found.append(f"{node.lineno} a global")
        called = isinstance(over.get(node), ast.Call) and over[node].func is node  # type: ignore[attr-defined]
        if isinstance(node, ast.Attribute) and node.attr == "caller" and not called:
            found.append(f"{node.lineno} under another name")
        if is_caller(node) and not _is_over_at_once(node, over, names, later):
            found.append(f"{node.lineno} astray")
    return found


def _names_of(place: ast.AST) -> set[str]:
    """The names that an assignment gives to what stands in it alone."""
    targets = place.targets if isinstance(place, ast.Assign) else [getattr(place, "target", None)]
    return {each.id for each in targets if isinstance(each, ast.Name)}


def _is_over_at_once(node: ast.AST, over: dict[ast.AST, ast.AST], names: set[str], later: set[str]) -> bool:
    outer: ast.AST | None = node
    while (outer := over.get(outer)) and not isinstance(outer, (ast.Lambda, ast.FunctionDef, ast.stmt)):
        around = ast.unparse(outer.func) if isinstance(outer, ast.Call) else ""
        if around.rpartition(".")[2] in ("partial", "act"):
            return False  # whatever is made of it is of the rights of before
    match place := over[node]:
        case ast.Attribute() | ast.Expr():
            return True
        case ast.keyword() | ast.Call():
            call = over[place] if isinstance(place, ast.keyword) else place
            assert isinstance(call, ast.Call)
            root, _, name = ast.unparse(call.func).rpartition(".")
            return call.func is node or (
                name in _takers() and not root.startswith("st.") and (bool(root) or name not in later)
            )
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
            return bool(_names_of(place)) and _names_of(place) <= names
        case ast.Tuple():
            pair = over[place]
            return isinstance(pair, ast.Assign) and all(isinstance(each, ast.Tuple) for each in pair.targets)
        case ast.Return():
            made = next(each for each in _outwards(place, over) if isinstance(each, ast.FunctionDef))
            return made.name == "caller"
    return False


def _outwards(node: ast.AST, over: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while (outer := over.get(node)) is not None:
        yield outer
        node = outer


def _is_caller(node: ast.AST, names: set[str]) -> bool:
    return (isinstance(node, ast.Name) and node.id in names) or (
        isinstance(node, ast.Call) and ast.unparse(node) in _RESOLVING
    )


def _holds(node: ast.AST, names: set[str]) -> bool:
    """Whether an expression is, or hands on, a caller: itself, in a collection, or a method of it."""
    if isinstance(node, ast.Lambda):
        return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node.body))
    if isinstance(node, ast.Attribute):
        return _is_caller(node.value, names) and node.attr in ("may", "must", "may_anywhere")
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("partial", "replace", "act"):
        return any(_holds(part, names) for part in (*node.args, *(word.value for word in node.keywords)))
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(_holds(part, names) for part in node.elts)
    if isinstance(node, ast.Dict):
        return any(_holds(part, names) for part in node.values)
    return _is_caller(node, names)


def _assigned(node: ast.AST, names: set[str]) -> set[str]:
    """Names that an assignment makes callers of."""
    if not isinstance(node, ast.Assign):
        return set()
    made: set[str] = set()
    for target in node.targets:
        pairs = (
            zip(target.elts, node.value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            else [(target, node.value)]
        )
        made |= {at.id for at, value in pairs if isinstance(at, ast.Name) and _holds(value, names)}
    return made


_LATER = {"args", "kwargs", "on_click", "on_change", "on_select", "on_dismiss", "forget", "data", "default"}
_PARTS = ("fragment", "dialog", "live")


def _look(scope: ast.AST, outer: set[str], found: list[str]) -> None:
    """Walk one scope: `outer` are callers of those around it, which it may not use: it may run later than they."""
    names: set[str] = set()
    if isinstance(scope, (ast.FunctionDef, ast.Lambda)):
        parameters = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        names = {each.arg for each in parameters if each.annotation and "Caller" in ast.unparse(each.annotation)}
        outer = outer - {each.arg for each in parameters}
        if (
            names
            and isinstance(scope, ast.FunctionDef)
            and any(part in ast.unparse(made) for made in scope.decorator_list for part in _PARTS)
        ):
            found.append(f"{scope.lineno} a parameter of a part")
    inner: list[ast.AST] = []
    stack = list(ast.iter_child_nodes(scope))
    nodes: list[ast.AST] = []
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            inner.append(node)
            stack += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            if any(_holds(each, names | outer) for each in (*node.args.defaults, *filter(None, node.args.kw_defaults))):
                found.append(f"{node.lineno} a default")
            continue
        nodes.append(node)
        stack += list(ast.iter_child_nodes(node))
    for _ in range(3):
        for node in nodes:
            names |= _assigned(node, names)
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in outer - names:
            found.append(f"{node.lineno} a closure")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] in ("partial", "act") and _holds(node, names):
                found.append(f"{node.lineno} bound")
            if any(part in called for part in _PARTS) and any(_holds(each, names) for each in node.args):
                found.append(f"{node.lineno} given to a part")
            found += [
                f"{node.lineno} {word.arg}" for word in node.keywords
                if word.arg in _LATER and _holds(word.value, names)
            ]  # fmt: skip
            if "session_state" in called and any(
                _holds(each, names) for each in (*node.args, *(word.value for word in node.keywords))
            ):
                found.append(f"{node.lineno} state")
        if (
            isinstance(node, ast.Assign)
            and _holds(node.value, names)
            and any(isinstance(target, (ast.Subscript, ast.Attribute)) for target in node.targets)
        ):
            found.append(f"{node.lineno} state")
    for part in inner:
        _look(part, outer | names, found)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n caller = frame.caller()\n st.button('x', on_click=partial(go, caller, 1))",
        "def f():\n st.button('x', on_click=act(go, frame.caller(), 1))",
        "def f():\n a, who = 1, frame.caller()\n st.button('x', on_click=lambda: go(who))",
        "def f(who: Caller):\n def go():\n  act(who)\n st.button('x', on_click=go)",
        "def f():\n caller = frame.caller()\n st.button('x', on_click=go, args=(caller,))",
        "def f():\n caller = frame.caller()\n st.button('x', on_click=go, kwargs={'by': caller})",
        "def f():\n st.session_state['who'] = frame.caller()",
        "def f():\n me = frame.caller()\n you = me\n st.session_state.update(who=you)",
        "def f():\n st.session_state.setdefault('who', signed_in.caller())",
        "@st.fragment\ndef f(caller: Caller):\n pass",
        "@dialogs.dialog('x')\ndef f(by: Caller):\n pass",
        "def f():\n st.fragment(draw, run_every=2)(frame.caller())",
        "def f():\n caller = frame.caller()\n acts.live(lambda: draw(caller))",
        "class Preview:\n who: Caller",
        "def f():\n caller = frame.caller()\n def go(by=caller):\n  act(by)",
        "def f():\n caller = frame.caller()\n preview.who = caller",
        "def f():\n may = frame.caller().may\n st.button('x', on_click=lambda: may(1))",
        "def f():\n if (who := frame.caller()).admin:\n  st.button('x', on_click=act(go, who))",
        "def f():\n who: Caller = frame.caller()\n st.button('x', on_click=act(go, who))",
        "def f():\n for who in [frame.caller()]:\n  st.button('x', on_click=act(go, who))",
        "def f():\n with using(frame.caller()) as who:\n  st.button('x', on_click=act(go, who))",
        "def f():\n who = frame.caller() if x else LOCAL\n st.button('x', on_click=act(go, who))",
        "def f():\n get = frame.caller\n st.button('x', on_click=act(go, get()))",
        "def f():\n who = frame.caller()\n st.button('x', on_click=act(go, *[who]))",
        "def f():\n who = frame.caller()\n setattr(st.session_state, 'who', who)",
        "from functools import partial as p\ndef f():\n who = frame.caller()\n st.button('x', on_click=p(go, who))",
        "def f():\n st.button('x', on_click=act(go, frame.caller().admin))",
        "@st.fragment\ndef part(who):\n services.do(who)\ndef f():\n part(who=frame.caller())",
        "@dialogs.dialog('x')\ndef ask(who):\n services.do(who)\ndef f():\n ask(frame.caller())",
        "WHO = None\ndef f():\n global WHO\n WHO = frame.caller()",
        "def f():\n who = frame.caller()\n st.session_state['x'] = Held(who)",
        "def f():\n st.button('x', on_click=(lambda w: lambda: go(w))(frame.caller()))",
        "@st.cache_data\ndef load(who):\n return x\ndef f():\n load(frame.caller())",
        "def f():\n calls = [act(go, w) for w in [frame.caller()]]",
        "def f():\n who = services.current().users.caller(name)\n st.button('x', on_click=act(go, who))",
        "from mxlib.ui.app.layout import caller as me\ndef f():\n st.button('x', on_click=act(go, me()))",
        "def who():\n return frame.caller()\ndef f():\n st.button('x', on_click=act(go, who()))",
    ],
)
def test_the_check_finds_a_stored_caller(source: str) -> None:
    assert kept_callers(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n caller = frame.caller()\n return services.current().runs.all(caller)",
        "def f():\n st.button('x', on_click=act(lambda: runs.pause(frame.caller(), 1)))",
        "def f():\n if frame.caller().may(1, 2):\n  st.button('x', on_click=act(go, 1))",
        "caller = frame.caller()\naccess.own(caller)",
    ],
)
def test_the_pages_store_no_caller(source: str) -> None:
    assert not kept_callers(source)
