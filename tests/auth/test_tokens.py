"""Tokens: made once, shown once, and worth nothing once they ended; and the command that makes them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib import cli
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.auth.tokens import NOTED_EVERY, InvalidToken, Tokens
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, StoreUnavailable, audit

DAY = 86_400.0
ADMIN = Caller("ops@agency.example", admin=True, address="127.0.0.1")


class Hands(SystemClock):
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path: Path, clock: Hands) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, clock)
    yield opened
    opened.close()


@pytest.fixture
def tokens(store: Store, clock: Hands) -> Tokens:
    return Tokens(store, clock)


def test_a_token_lets_its_holder_do_what_it_was_made_for_and_no_more(tokens: Tokens) -> None:
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


def test_a_token_ends_by_itself_and_says_when(tokens: Tokens, clock: Hands) -> None:
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
def test_what_was_never_made_is_not_known(tokens: Tokens, token: str) -> None:
    tokens.create(ADMIN, "ci", admin=True)
    with pytest.raises(InvalidToken, match="not known"):
        tokens.caller(token)


def test_use_is_noted_at_most_once_a_minute(tokens: Tokens, clock: Hands) -> None:
    token, began = tokens.create(ADMIN, "ci", admin=True), clock.at
    noted = []
    for seconds in (0, NOTED_EVERY - 1, NOTED_EVERY):
        clock.at = began + seconds
        tokens.caller(token)
        noted.append(tokens.list_all(ADMIN)[0].last_used_at)
    assert noted == [began, began, began + NOTED_EVERY]


def test_a_store_that_can_not_be_written_locks_no_reader_out(
    tokens: Tokens, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: Store) -> None:
        raise StoreUnavailable("The disk of this server is full.")

    token = tokens.create(ADMIN, "ci", admin=True)
    monkeypatch.setattr(Store, "write", full)
    assert tokens.caller(token).admin


@pytest.mark.parametrize("caller", [Caller("someone"), Caller("ci (token 1)", admin=True, kind="token")])
def test_only_people_who_are_admins_manage_tokens(tokens: Tokens, caller: Caller) -> None:
    for do in (
        lambda: tokens.create(caller, "more"),
        lambda: tokens.list_all(caller),
        lambda: tokens.revoke(caller, 1),
    ):
        with pytest.raises(Forbidden):
            do()


def test_making_and_revoking_is_in_the_audit_trail_without_the_token(tokens: Tokens, store: Store) -> None:
    token = tokens.create(ADMIN, "ci", domains={"a.nl": {Permission.VIEW, Permission.IMPORT}})
    tokens.revoke(ADMIN, 1)
    with store.read() as tx:
        revoked, created = audit.entries(tx)
    assert (created["what"], created["on"]) == ("token.create", "ci (token 1)")
    assert str(created["outcome"]).startswith("a.nl: import, view; ends 15 Jan 2028")
    assert (revoked["what"], revoked["who"], revoked["address"]) == ("token.revoke", ADMIN.name, "127.0.0.1")
    assert revoked["on"] == created["on"]
    assert token not in str(created) + str(revoked)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\ttab", "long" * 26])
def test_a_name_that_no_list_could_show_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(InvalidPassword, match=r"what is it for|one line of 100 characters"):
        tokens.create(ADMIN, name, admin=True)
    assert tokens.list_all(ADMIN) == []


def test_a_domain_is_kept_as_the_host_writes_it(tokens: Tokens) -> None:
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
    told = capsys.readouterr()
    token = told.out.removesuffix("\n")
    assert token.startswith("mxm_")
    assert "\n" not in token
    assert not told.err
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
    ("words", "told"),
    [
        ("", "What may it do?"),
        ("--domain a.nl", "What may it do in a.nl?"),
        ("--domain a.nl --domain b.nl --permission view", "What may it do in a.nl?"),
        ("--permission view --domain a.nl", "--permission comes after the --domain"),
        ("--admin --domain a.nl --permission view", "leave --domain and --permission out"),
        ("--domain a.nl --permission everything", "invalid choice: 'everything' (choose from 'view', 'import',"),
        ("--domain nowhere --permission view", "'nowhere' is no domain"),
        ("--admin --expires 99999y", "within 10 years, or never"),
        ("--admin --expires soon", "write 12h, 90d, 2w or 1y, or never"),
    ],
)
def test_the_command_makes_nothing_that_was_not_meant(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    try:
        status = cli.main(["token", "create", "ci", *words.split()])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert not printed.out
    assert not (folder / FILE).exists() or "mxm_" not in printed.out
