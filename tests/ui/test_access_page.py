"""Managing people and tokens, as Team and API does it: the service, and the page itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Forbidden, Permission
from mxlib.core.vocabulary import CallerKind
from mxlib.services.access import AccessService, Person, grants
from mxlib.services.audit_log import AuditFilter
from mxlib.ui.admin import permissions as access_rights
from tests.support.app import App, opened, trail
from tests.support.pages import ENTRY, PAGES

BOSS = Caller("boss", admin=True)
KIM = Caller("kim")
PASSWORD = "four words in a row"
VIEW = {"a.nl": [Permission.VIEW]}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server where boss, an admin, and kim, who may view a.nl, sign in."""
    with opened(tmp_path) as app:
        app.services.access.add(LOCAL, "boss", PASSWORD, admin=True, given={})
        app.services.access.add(BOSS, "kim", PASSWORD, admin=False, given=VIEW)
        yield app


@pytest.fixture
def access(app: App) -> AccessService:
    return app.services.access


def person(access: AccessService, name: str) -> Person:
    return next(person for person in access.people(BOSS) if person.user.name == name)


def signed_in(app: App, name: str) -> None:
    user = app.services.users.find(name)
    assert user is not None
    with app.services.store.write() as tx:
        app.services.sessions.start(tx, user.id, "127.0.0.1", "a browser")


def test_sign_in_is_required_from_the_first_user_on(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        access = app.services.access
        assert not access.sign_in_required()
        assert access.own(LOCAL) is None
        access.add_with_typed(LOCAL, "boss", PASSWORD, PASSWORD, admin=True, given={})
        assert access.sign_in_required()


def test_a_typed_password_is_typed_twice(access: AccessService) -> None:
    with pytest.raises(InvalidPassword, match="The two passwords differ"):
        access.add_with_typed(BOSS, "lee", PASSWORD, PASSWORD + "x", admin=False, given={})
    with pytest.raises(InvalidPassword, match="The two passwords differ"):
        access.change_own_password(KIM, PASSWORD, "another four words", "another")


def test_a_generated_password_works_and_is_stored_as_a_hash(app: App, access: AccessService) -> None:
    password = access.add_with_password(BOSS, "lee", admin=False, given=VIEW)
    assert app.services.users.verify("lee", password) is not None
    fresh = access.new_password(BOSS, person(access, "lee").user.id)
    assert app.services.users.verify("lee", password) is None
    assert app.services.users.verify("lee", fresh) is not None


def test_a_user_who_could_not_sign_in_is_refused(access: AccessService) -> None:
    with pytest.raises(InvalidPassword, match="MXM_OIDC_ISSUER"):
        access.add(BOSS, "lee", None, admin=False, given={})


def test_admins_sign_others_out_everywhere_and_users_themselves(app: App, access: AccessService) -> None:
    for name in ("kim", "kim", "boss"):
        signed_in(app, name)
    assert person(access, "kim").browsers == 2
    assert access.sign_out(BOSS, person(access, "kim").user.id) == 2
    assert person(access, "kim").browsers == 0
    signed_in(app, "kim")
    assert access.sign_out(KIM, person(access, "kim").user.id) == 1
    assert ("sign_out.everywhere", "kim", "boss") in trail(app)
    assert ("sign_out.everywhere", "kim", "kim") in trail(app)


def test_only_signed_in_admins_sign_others_out(access: AccessService) -> None:
    boss = person(access, "boss").user.id
    for caller in (KIM, Caller("boss (token 1)", admin=True, kind=CallerKind.TOKEN)):
        with pytest.raises(Forbidden):
            access.sign_out(caller, boss)


@pytest.mark.parametrize("caller", [KIM, Caller("nightly (token 1)", admin=True, kind=CallerKind.TOKEN)])
def test_people_and_tokens_are_managed_by_admins_who_signed_in(access: AccessService, caller: Caller) -> None:
    number = person(access, "kim").user.id
    for attempt in (
        lambda: access.people(caller),
        lambda: access.add(caller, "lee", PASSWORD, admin=True, given={}),
        lambda: access.allow(caller, number, admin=True, given={}),
        lambda: access.disable(caller, number),
        lambda: access.enable(caller, number),
        lambda: access.new_password(caller, number),
        lambda: access.tokens(caller),
        lambda: access.create_token(caller, "t", admin=True, given={}, days=1),
        lambda: access.revoke_token(caller, 1),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert not person(access, "kim").user.admin


def test_a_token_without_a_name_or_a_permission_is_not_made(access: AccessService) -> None:
    with pytest.raises(InvalidPassword, match="what is it for"):
        access.create_token(BOSS, " ", admin=True, given={}, days=None)
    with pytest.raises(InvalidPassword, match="may do nothing"):
        access.create_token(BOSS, "nightly", admin=False, given={"a.nl": []}, days=None)


def test_every_act_is_in_the_audit_log_without_its_secret(app: App, access: AccessService) -> None:
    secret = access.add_with_password(BOSS, "lee", admin=False, given=VIEW)
    number = person(access, "lee").user.id
    secrets = [secret, access.new_password(BOSS, number)]
    access.allow(BOSS, number, admin=False, given={EVERY_DOMAIN: [Permission.VIEW]})
    access.disable(BOSS, number)
    access.enable(BOSS, number)
    secrets.append(access.create_token(BOSS, "nightly", admin=False, given=VIEW, days=30))
    access.revoke_token(BOSS, access.tokens(BOSS)[0].id)
    entries = app.services.audit_log.entries(BOSS, AuditFilter()).entries
    assert [entry.what for entry in reversed(entries)][-7:] == [
        "user.add", "password.set", "user.change", "user.disable", "user.enable", "token.create", "token.revoke",
    ]  # fmt: skip
    assert not [entry for entry in entries if any(secret in repr(entry) for secret in secrets)]


@pytest.mark.parametrize(
    ("admin", "given", "expected"),
    [
        (True, {}, "Admin: everything"),
        (False, {}, "Nothing yet"),
        (False, {"a.nl": ["import", "view"], "b.nl": ["view", "import"]}, "View, import in a.nl and b.nl"),
        (False, {EVERY_DOMAIN: ["view"], "a.nl": ["delete"]}, "View in every domain; delete in a.nl"),
        (False, {f"d{n}.nl": ["view"] for n in range(9)}, "View in d0.nl, d1.nl and 7 more"),
    ],
)
def test_permissions_are_summarised_in_a_few_words(admin: bool, given: dict[str, list[str]], expected: str) -> None:
    assert access_rights.describe(admin, given) == expected


def test_domains_without_a_permission_are_not_kept() -> None:
    assert grants({"a.nl": [], "b.nl": ["view"]}) == {"b.nl": {Permission.VIEW}}


# The page. What its dialogs do is tried in Chromium: AppTest closes a dialog at the next click.


def page(name: str = "boss", picked: int | None = None) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    tab.session_state["people-picked"] = picked
    tab.run().switch_page(str(PAGES / "access.py")).run()
    assert not tab.exception
    return tab


def chooser() -> None:
    """A page with nothing but the choice of permissions, in three domains."""
    import streamlit as st

    from mxlib.ui.admin import permissions as access_rights

    if "rights" not in st.session_state:
        access_rights.begin("rights", {"b.nl": ["view"], "gone.nl": ["export"]})
    st.session_state["chosen"] = access_rights.ask(
        "rights", {name: name for name in ("a.nl", "b.nl", "c.nl", "gone.nl")}
    )


@pytest.fixture
def choosing() -> AppTest:
    return AppTest.from_function(chooser).run()


def chosen(tab: AppTest) -> dict[str, set[str]]:
    assert not tab.exception
    return {domain: set(map(str, rights)) for domain, rights in tab.session_state["chosen"][1].items()}


def test_existing_permissions_are_ticked(choosing: AppTest) -> None:
    assert chosen(choosing) == {"b.nl": {"view"}, "gone.nl": {"export"}}
    assert list(choosing.data_editor[0].value["view"]) == [False, True, False, False]


def test_a_tick_grants_and_clearing_it_revokes(choosing: AppTest) -> None:
    access_rights.take_ticks(choosing.session_state["rights"], {0: {"delete": True}, 1: {"view": False}})
    choosing.run()
    assert chosen(choosing) == {"a.nl": {"delete"}, "gone.nl": {"export"}}


def test_ticking_all_grants_to_the_domains_in_view_and_revokes_when_all_have_it(choosing: AppTest) -> None:
    choosing.text_input(key="rights-find").input("a.").run()
    choosing.button(key="rights-all-import").click().run()
    choosing.text_input(key="rights-find").input("").run()
    assert chosen(choosing) == {"a.nl": {"import", "view"}, "b.nl": {"view"}, "gone.nl": {"export"}}
    choosing.button(key="rights-all-view").click().run()
    assert list(choosing.data_editor[0].value["view"]) == [True] * 4
    choosing.button(key="rights-all-view").click().run()
    assert chosen(choosing) == {"a.nl": {"import", "view"}, "gone.nl": {"export"}}


def test_import_ticks_view_which_stays_ticked_with_it(choosing: AppTest) -> None:
    asked = choosing.session_state["rights"]
    assert access_rights.take_ticks(asked, {0: {"import": True}})  # the grid has to be drawn again
    assert not access_rights.take_ticks(asked, {0: {"export": True}})
    assert access_rights.take_ticks(asked, {0: {"view": False}})
    assert asked.given["a.nl"] == {"view", "import", "export"}
    access_rights.take_ticks(asked, {0: {"import": False, "view": False}})
    assert asked.given["a.nl"] == {"export"}
    every = choosing.pills(key="rights-every")
    every.set_value([Permission.IMPORT]).run()
    assert set(choosing.pills(key="rights-every").value) == {"view", "import"}
    choosing.pills(key="rights-every").set_value([Permission.IMPORT]).run()
    assert chosen(choosing)[EVERY_DOMAIN] == {"view", "import"}


def test_permissions_in_every_domain_are_not_listed_by_domain(choosing: AppTest) -> None:
    choosing.pills(key="rights-every").set_value([Permission.VIEW]).run()
    assert "view" not in choosing.data_editor[0].value
    assert chosen(choosing)[EVERY_DOMAIN] == {"view"}


def test_an_admin_needs_no_ticks(choosing: AppTest) -> None:
    choosing.toggle(key="rights-admin").set_value(True).run()
    assert choosing.session_state["chosen"] == (True, {})
    assert not choosing.data_editor


def test_permissions_in_many_domains_are_counted_and_all_of_them_can_be_read(app: App, access: AccessService) -> None:
    access.allow(
        BOSS, person(access, "kim").user.id, admin=False, given={f"{at}.nl": {Permission.VIEW} for at in "abcd"}
    )
    tab = page("kim")
    assert "Viewer in a.nl, b.nl and 2 more." in [text.value.replace("\\", "") for text in tab.markdown]
    assert list(tab.dataframe[0].value["Where"]) == ["a.nl", "b.nl", "c.nl", "d.nl"]


def test_a_permission_for_a_domain_elsewhere_can_be_revoked(app: App, access: AccessService) -> None:
    assert access.domains(BOSS, ["gone.nl", "a.nl", EVERY_DOMAIN]) == ("a.nl", "b.nl", "c.nl", "gone.nl")


def test_an_admin_cannot_generate_their_own_password(app: App, access: AccessService) -> None:
    boss, kim = person(access, "boss").user.id, person(access, "kim").user.id
    with pytest.raises(InvalidPassword, match="You would be signed out before you could read it"):
        access.new_password(BOSS, boss)
    assert app.services.users.verify("boss", PASSWORD)
    assert "new-password" not in [button.key for button in page(picked=boss).button]
    assert "new-password" in [button.key for button in page(picked=kim).button]


def test_people_and_tokens_are_listed_with_what_they_may(app: App, access: AccessService) -> None:
    access.disable(BOSS, person(access, "kim").user.id)
    people = page().dataframe[0].value
    assert list(people["Name"]) == ["boss (you)", "kim"]
    assert list(people["May"]) == ["Admin: everything", "Viewer in a.nl"]
    assert people["State"][1] == "Disabled"
    tokens = page().dataframe[1].value
    assert tokens["May"][0] == "Admin: everything"
    assert tokens["Last used"][0] == "never"


def test_a_tick_stays_with_its_person_when_others_come_before_them(app: App, access: AccessService) -> None:
    tab = page(picked=person(access, "kim").user.id)
    before = tab.dataframe[0].proto.id
    assert tab.header[0].value == "kim"
    access.add(BOSS, "anna", PASSWORD, admin=False, given={})
    tab.run()
    assert tab.header[0].value == "kim"
    assert tab.dataframe[0].proto.id != before


def test_the_page_says_that_nobody_signs_in_and_what_the_first_user_changes(tmp_path: Path) -> None:
    with opened(tmp_path):
        tab = page("")
        assert tab.info[0].value.startswith("No sign-in on this machine's sandbox")
        assert [tab.label for tab in tab.tabs] == ["People", "Tokens"]
