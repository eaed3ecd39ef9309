"""Managing mailboxes as pages show it: the card, find, the account's storage, and what is said before a run."""

from contextlib import suppress

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.plans.changes import NewQuota
from mxlib.sandbox import extra_routes
from mxlib.services import Services
from mxlib.services.failures import ListUnavailable
from mxlib.store import manual_writes
from tests.support.pages import opened, plain, preview, search
from tests.support.threaded_runs import until


def said(tab: AppTest) -> str:
    """Every sentence on the page."""
    elements = (*tab.markdown, *tab.caption, *tab.info, *tab.warning, *tab.success, *tab.error, *tab.title)
    return plain("\n".join(each.value for each in elements))


def test_a_recovery_email_is_kept_unless_one_that_was_there_is_cleared(services: Services) -> None:
    def asked(typed: str) -> str:
        tab = opened("mailbox", domain="clienta.nl", address="info@clienta.nl")
        tab.session_state["change_recovery"] = typed
        tab.button(key="card_recovery").click().run()
        assert tab.text_input(key="change_recovery").value == typed
        return str(tab.button(key="change_go").label)

    assert [asked(""), asked("owner@home.nl")] == ["Save", "Save"]
    services.mailboxes.set_stored(LOCAL, "clienta.nl", "info", "recovery_email", "owner@home.nl")
    assert [asked("other@home.nl"), asked("")] == ["Save", "Clear"]


def test_the_card_shows_figures_setup_and_history_of_a_mailbox(services: Services) -> None:
    changing = services.changes
    proposed = changing.plan(LOCAL, ["info@clienta.nl"], NewQuota(7168))
    changing.carry_out(LOCAL, proposed, days=7, agreed=True)
    tab = opened("mailbox", domain="clienta.nl", address="info@clienta.nl")
    assert {metric.label: metric.value for metric in tab.metric}["Quota"] == "7.0 GB"
    assert [code.value for code in tab.code][:5] == ["info@clienta.nl", "sandbox.local", "993", "465", "995"]
    assert "Created outside MXM. First seen" in said(tab)
    history = tab.dataframe[0].value
    assert history.loc[0, ["Who", "What", "From"]].tolist() == [LOCAL.name, "Changed", "Manually"]
    assert history.loc[0, "Details"].endswith("→ 7168")


def test_the_card_of_a_deleted_mailbox_keeps_its_history(services: Services) -> None:
    services.mailboxes.delete(LOCAL, "clienta.nl", "info")
    tab = opened("mailbox", domain="clienta.nl", address="info@clienta.nl")
    assert "There is no mailbox" in said(tab)
    assert tab.dataframe[0].value.loc[0, "What"] == "Deleted"
    assert not tab.metric


def test_find_lists_what_holds_the_text_and_says_how_far_it_looked(services: Services) -> None:
    tab = search(opened(domain="clienta.nl"), "info@")
    assert [button.key for button in tab.button if button.key.startswith("jump-to-")] == ["jump-to-info@clienta.nl"]
    assert "1 of 5 domains searched" in said(tab)
    assert "not loaded" in said(tab)
    tab.button(key="find_read").click().run()
    found = {button.key for button in tab.button}
    assert {"jump-to-info@clienta.nl", "jump-to-info@clientb.nl"} <= found
    assert "not loaded" not in said(tab)


def test_the_account_s_storage_is_shown_once_it_is_known(services: Services) -> None:
    opened(domain="clienta.nl")
    until(lambda: services.storage.known() is not None)
    tab = opened(domain="clienta.nl")
    assert any(" GB of 250.0 GB" in str(element.proto) for element in tab.get("progress"))


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"total_used": 5 * 1024**3}, "5.0 GB, limit not known"),
        ({"total_limit": 5 * 1024**3}, "use not known, of 5.0 GB"),
        ({"total_used": 0, "total_limit": 0}, "0 MB, no limit"),
        ({"total_used": "?"}, "Not known"),
    ],
)
def test_a_figure_of_the_storage_that_is_not_known_is_shown_as_such(
    services: Services, monkeypatch: pytest.MonkeyPatch, figures: dict[str, object], shown: str
) -> None:
    monkeypatch.setattr(extra_routes, "quota", lambda _account, _now: figures)
    with suppress(ListUnavailable):
        services.storage.read(LOCAL)
    tab = opened(domain="clienta.nl")
    assert shown in [element.value for element in tab.sidebar.markdown]
    assert not tab.sidebar.get("progress")


def test_quotas_beyond_the_account_are_reported_before_a_run(services: Services) -> None:
    services.storage.read(LOCAL)
    rows = b"username,password,quota\r\nbig.one,Geheim.2026x,300 GB\r\n"
    tab = opened("import_mailboxes", domain="clienta.nl")
    preview(tab, rows)
    tab.button(key="create").click().run()
    assert any(
        "These quotas add 300.0 GB; the account has" in warning.value.replace("\\", "") for warning in tab.warning
    )
    assert not tab.button(key="start").disabled


def test_an_empty_domain_says_how_to_begin(services: Services) -> None:
    tab = opened(domain="nieuwe-klant.example")
    assert "has no mailbox yet. Create a mailbox or import a list." in said(tab)
    assert not [button for button in tab.button if button.key == "select"]


def test_a_possibly_set_password_is_shown_on_request_and_erased(services: Services) -> None:
    with services.store.write() as tx:
        number = manual_writes.add(
            tx, services.store.key, "Geheim.2026x", at=services.clock.now(), who="kim", kind="operator", address="",
            action="update", domain="clienta.nl", username="info", asked={}, recovery_email="", settle_at=0.0,
            passwords_until=services.clock.now() + 1000.0,
        )  # fmt: skip
        manual_writes.change(tx, number, status="kept", outcome="no answer came")
    tab = opened("mailbox", domain="clienta.nl", address="info@clienta.nl")
    assert "kim asked MXroute to change" in said(tab)
    assert "Geheim.2026x" not in [code.value for code in tab.code]
    tab.button(key=f"unconfirmed_show_{number}").click().run()
    assert "Geheim.2026x" in [code.value for code in tab.code]
    tab.button(key=f"unconfirmed_forget_{number}").click().run()
    assert not tab.exception
    assert "kim asked" not in said(tab)


@pytest.mark.parametrize("run", ["²", "9" * 20, "9" * 5_000, "-1", "nan"])
@pytest.mark.usefixtures("services")
def test_an_unknown_run_number_in_the_address_breaks_no_page(run: str) -> None:
    tab = opened("jobs", run=run)
    assert not [error for error in tab.error if "stopped" in error.value]
