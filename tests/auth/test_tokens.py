"""Tokens: created and shown once, refused after their end; and the command for them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib import cli
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.auth.tokens import NOTED_EVERY, InvalidToken, Tokens
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, StoreUnavailable
from tests.support.audit_entries import audit_entries

DAY = 86_400.0
ADMIN = Caller("ops@agency.example", admin=True, address="127.0.0.1")


class HandSetClock(SystemClock):
    """A clock whose time a test sets."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> HandSetClock:
    return HandSetClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandSetClock) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, clock)
    yield opened
    opened.close()


@pytest.fixture
def tokens(store: Store, clock: HandSetClock) -> Tokens:
    return Tokens(store, clock)


def test_a_token_has_only_the_permissions_it_was_created_with(tokens: Tokens) -> None:
    caller = tokens.caller(tokens.create(ADMIN, "ci", domains={"a.nl": {Permission.IMPORT}}), "10.0.0.9")
    assert caller == Caller(
        "ci (token 1)",
        domains={"a.nl": frozenset({Permission.VIEW, Permission.IMPORT})},
        address="10.0.0.9",
        kind="token",
    )
    assert caller.may(Permission.VIEW, "a.nl")  # import includes it
    assert not caller.may(Permission.VIEW, "b.nl")
    assert not caller.may(Permission.IMPORT, "b.nl")


def test_two_tokens_of_one_name_are_two_callers(tokens: Tokens) -> None:
    names = {tokens.caller(tokens.create(ADMIN, "ci", admin=True)).name for _ in range(2)}
    assert len(names) == 2


def test_neither_the_database_nor_its_log_holds_a_token(tokens: Tokens, tmp_path: Path) -> None:
    token = tokens.create(ADMIN, "ci", admin=True)
    tokens.caller(token)
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()
        assert token.removeprefix("mxm_").encode() not in file.read_bytes()


def test_a_token_expires_and_the_refusal_says_when(tokens: Tokens, clock: HandSetClock) -> None:
    token = tokens.create(ADMIN, "ci", admin=True, days=90)
    clock.at += 90 * DAY - 1
    assert tokens.caller(token).admin
    clock.at += 1
    with pytest.raises(InvalidToken, match=r"This token ended .*\. Ask an admin for a new one\."):
        tokens.caller(token)


def test_a_revoked_token_ends_at_once(tokens: Tokens) -> None:
    token = tokens.create(ADMIN, "ci", admin=True)
    tokens.caller(token)
    assert tokens.revoke(ADMIN, 1)
    with pytest.raises(InvalidToken, match="revoked"):
        tokens.caller(token)
    assert not tokens.revoke(ADMIN, 1)


@pytest.mark.parametrize("token", ["", "mxm_", "mxm_" + "A" * 43, "Bearer", "\udcff"])
def test_an_unknown_token_is_refused(tokens: Tokens, token: str) -> None:
    tokens.create(ADMIN, "ci", admin=True)
    with pytest.raises(InvalidToken, match="not known"):
        tokens.caller(token)


def test_use_is_stored_at_most_once_a_minute(tokens: Tokens, clock: HandSetClock) -> None:
    token, began = tokens.create(ADMIN, "ci", admin=True), clock.at
    noted = []
    for seconds in (0, NOTED_EVERY - 1, NOTED_EVERY):
        clock.at = began + seconds
        tokens.caller(token)
        noted.append(tokens.list_all(ADMIN)[0].last_used_at)
    assert noted == [began, began, began + NOTED_EVERY]


def test_a_token_works_while_the_store_cannot_be_written(
    tokens: Tokens, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: Store) -> None:
        raise StoreUnavailable("The disk of this server is full.")

    token = tokens.create(ADMIN, "ci", admin=True)
    monkeypatch.setattr(Store, "write", full)
    assert tokens.caller(token).admin


@pytest.mark.parametrize("caller", [Caller("someone"), Caller("ci (token 1)", admin=True, kind="token")])
def test_only_users_who_are_admins_manage_tokens(tokens: Tokens, caller: Caller) -> None:
    for do in (
        lambda: tokens.create(caller, "more"),
        lambda: tokens.list_all(caller),
        lambda: tokens.revoke(caller, 1),
    ):
        with pytest.raises(Forbidden):
            do()


def test_creating_and_revoking_is_in_the_audit_log_without_the_token(tokens: Tokens, store: Store) -> None:
    token = tokens.create(ADMIN, "ci", domains={"a.nl": {Permission.VIEW, Permission.IMPORT}})
    tokens.revoke(ADMIN, 1)
    with store.read() as tx:
        revoked, created = audit_entries(tx)
    assert (created["what"], created["on"]) == ("token.create", "ci (token 1)")
    assert str(created["outcome"]).startswith("a.nl: import, view; ends 15 Jan 2028")
    assert (revoked["what"], revoked["who"], revoked["address"]) == ("token.revoke", ADMIN.name, "127.0.0.1")
    assert revoked["on"] == created["on"]
    assert token not in str(created) + str(revoked)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\ttab", "long" * 26])
def test_a_blank_long_or_multiline_name_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(InvalidPassword, match=r"what is it for|one line of 100 characters"):
        tokens.create(ADMIN, name, admin=True)
    assert tokens.list_all(ADMIN) == []


def test_a_domain_is_stored_in_the_form_of_the_host(tokens: Tokens) -> None:
    tokens.create(ADMIN, "ci", domains={" Bücher.Example ": {Permission.VIEW}, "*": {Permission.VIEW}})
    assert set(tokens.list_all(ADMIN)[0].permissions) == {"xn--bcher-kva.example", "*"}


# The command.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    return tmp_path


def test_the_command_prints_the_token_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "token create ci --domain A.nl --permission import --domain b.nl --permission view"
    assert cli.main([*words.split(), "--expires", "90d"]) == 0
    printed = capsys.readouterr()
    token = printed.out.removesuffix("\n")
    assert token.startswith("mxm_")
    assert "\n" not in token
    assert not printed.err
    opened = Store.open(folder / FILE, SystemClock())
    caller = Tokens(opened, SystemClock()).caller(token)
    opened.close()
    assert caller.domains == {
        "a.nl": {Permission.VIEW, Permission.IMPORT},
        "b.nl": {Permission.VIEW},
    }


def test_the_command_lists_and_revokes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["token", "create", "ci", "--admin"])
    token = capsys.readouterr().out.strip()
    assert cli.main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert re.fullmatch(
        r"1\tci\tadmin\tmade by \S+ \(script/mxm\), no user\tends \d{4}-\d\d-\d\d\tnever used\n", listed
    )
    assert token not in listed
    assert cli.main(["token", "revoke", "1"]) == 0
    cli.main(["token", "list"])
    assert "\trevoked " in capsys.readouterr().out
    assert cli.main(["token", "revoke", "1"]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "What may it do?"),
        ("--domain a.nl", "What may it do in a.nl?"),
        ("--domain a.nl --domain b.nl --permission view", "What may it do in a.nl?"),
        ("--permission view --domain a.nl", "--permission comes after the --domain"),
        ("--admin --domain a.nl --permission view", "leave --domain and --permission out"),
        ("--domain a.nl --permission everything", "invalid choice: 'everything' (choose from 'view', 'support',"),
        ("--domain nowhere --permission view", "'nowhere' is no domain"),
        ("--admin --expires 99999y", "within 10 years, or never"),
        ("--admin --expires soon", "write 12h, 90d, 2w or 1y, or never"),
    ],
)
def test_the_command_refuses_ambiguous_arguments(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    try:
        status = cli.main(["token", "create", "ci", *words.split()])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert not (folder / FILE).exists() or "mxm_" not in printed.out
