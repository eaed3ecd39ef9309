"""The sandbox in place of the host: its account, limits, state file and server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mxlib.sandbox import Account, Limits, Reply, Sandbox, Served, believable, serve
from mxlib.sandbox.seed import BIG, EMPTY

KEYS = {"X-Server": "s.example", "X-Username": "agency", "X-API-Key": "a-key"}
START = 1_800_000_000.0  # the start of a minute
BOX = {"username": "jan", "password": "Secret-word-1"}
ACCOUNTS = "/domains/clienta.nl/email-accounts"


def make(**options: Any) -> Sandbox:
    return Sandbox(Account.of("clienta.nl", "clientb.nl"), **options)


def ask(sandbox: Sandbox, method: str, path: str, body: object = None, at: float = 0.0) -> Reply:
    """Send one request, `at` seconds after the start of a minute."""
    content = b"" if body is None else json.dumps(body).encode()
    return sandbox.handle(method, path, KEYS, content, START + at)


def refusal(reply: Reply) -> tuple[int, str, str]:
    error = reply.json()["error"]
    assert reply.json()["success"] is False
    return reply.status, error["code"], error.get("field", "")


# The account


def test_the_seed_is_deterministic_and_has_every_kind_of_domain_and_mailbox() -> None:
    first, second = believable().account, believable().account
    assert first == second
    assert first.domains[EMPTY] == {}
    assert sum(box.suspended for _, box in first.mailboxes()) == 1
    assert any(domain.startswith("xn--") for domain in first.domains)
    assert all(box.usage <= box.quota for _, box in first.mailboxes() if box.quota)


def test_the_big_domain_lists_10_000_mailboxes_at_once() -> None:
    reply = ask(believable(big=True), "GET", f"/domains/{BIG}/email-accounts")
    assert len({box["username"] for box in reply.json()["data"]}) == 10_000


def test_a_create_returns_no_data_and_ignores_the_limit() -> None:
    sandbox = make()
    created = ask(sandbox, "POST", ACCOUNTS, BOX | {"username": "Jan", "quota": 500, "limit": 20})
    assert (created.status, created.json()) == (201, {"success": True})
    assert ask(sandbox, "GET", f"{ACCOUNTS}/jan").json()["data"] == {
        "username": "jan",
        "email": "jan@clienta.nl",
        "quota": 500,
        "usage": 0.0,
        "limit": 9600,
        "sent": 0,
        "suspended": False,
    }
    assert sandbox.made == {"jan@clienta.nl": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "x" * 65}, "username"),
        ({"username": 7}, "username"),
        ({"password": "Short1"}, "password"),
        ({"password": "no-upper-case-1"}, "password"),
        ({"password": "NO-LOWER-CASE-1"}, "password"),
        ({"password": "No-digit-at-all"}, "password"),
        ({"password": None}, "password"),
        ({"quota": -1}, "quota"),
        ({"quota": "1024"}, "quota"),
        ({"quota": True}, "quota"),
        ({"limit": 9601}, "limit"),
    ],
)
def test_a_create_that_breaks_a_documented_rule_names_the_field_and_has_no_effect(
    change: dict[str, object], field: str
) -> None:
    sandbox = make()
    assert refusal(ask(sandbox, "POST", ACCOUNTS, BOX | change)) == (400, "VALIDATION_ERROR", field)
    assert not sandbox.mailboxes()
    assert not sandbox.made


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_body_that_is_not_an_object_is_refused(body: bytes) -> None:
    assert make().handle("POST", ACCOUNTS, KEYS, body, START).status == 400


def test_a_special_character_is_required_only_if_that_is_switched_on() -> None:
    sandbox = make()
    plain = BOX | {"password": "Abcdefg123"}
    sandbox.account.special_character = True
    assert refusal(ask(sandbox, "POST", ACCOUNTS, plain)) == (400, "VALIDATION_ERROR", "password")
    sandbox.account.special_character = False
    assert ask(sandbox, "POST", ACCOUNTS, plain).status == 201


def test_the_second_create_of_an_address_is_a_conflict_and_a_full_plan_a_business_error() -> None:
    sandbox = make()
    sandbox.account.max_mailboxes = 1
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert refusal(ask(sandbox, "POST", ACCOUNTS, BOX)) == (409, "CONFLICT", "")
    assert refusal(ask(sandbox, "POST", ACCOUNTS, BOX | {"username": "piet"})) == (422, "BUSINESS_ERROR", "")


def test_a_limit_is_refused_without_a_password_and_applied_every_third_time() -> None:
    sandbox = make(remember_passwords=True)
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert refusal(ask(sandbox, "PATCH", f"{ACCOUNTS}/jan", {"limit": 5})) == (400, "VALIDATION_ERROR", "password")
    seen = []
    for turn in range(1, 5):
        ask(sandbox, "PATCH", f"{ACCOUNTS}/jan", {"limit": turn, "password": f"Secret-word-{turn}"})
        seen.append(ask(sandbox, "GET", f"{ACCOUNTS}/jan").json()["data"]["limit"])
    assert seen == [9600, 9600, 3, 3]
    assert sandbox.password_of("jan@clienta.nl") == "Secret-word-4"


def test_a_quota_is_changed_alone_and_an_empty_patch_is_refused() -> None:
    sandbox = make()
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert ask(sandbox, "PATCH", f"{ACCOUNTS}/jan", {"quota": 0}).status == 200
    assert ask(sandbox, "GET", f"{ACCOUNTS}/jan").json()["data"]["quota"] == 0
    assert ask(sandbox, "PATCH", f"{ACCOUNTS}/jan", {}).status == 400


def test_a_deleted_mailbox_is_gone_and_its_second_delete_finds_nothing() -> None:
    sandbox = make()
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert ask(sandbox, "DELETE", f"{ACCOUNTS}/jan").status == 204
    assert refusal(ask(sandbox, "DELETE", f"{ACCOUNTS}/jan")) == (404, "NOT_FOUND", "")
    assert ask(sandbox, "GET", ACCOUNTS).json()["data"] == []


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/domains/other.nl", "/domains/other.nl/email-accounts", f"{ACCOUNTS}/a/b"]
)
def test_unknown_paths_are_not_found_in_the_envelope(path: str) -> None:
    assert refusal(ask(make(), "GET", path)) == (404, "NOT_FOUND", "")


def test_percent_encoded_segments_and_queries_are_understood() -> None:
    sandbox = make()
    ask(sandbox, "POST", ACCOUNTS, BOX | {"username": "jan+x"})
    assert ask(sandbox, "GET", "/domains/clienta%2Enl/email-accounts/jan%2Bx?a=b").status == 200


def test_pointers_are_returned_as_a_list_or_as_an_object() -> None:
    sandbox = make()
    assert ask(sandbox, "GET", "/domains/clienta.nl").json()["data"]["pointers"] == ["www.clienta.nl"]
    sandbox.account.pointers_as_object = True
    assert list(ask(sandbox, "GET", "/domains/clienta.nl").json()["data"]["pointers"]) == ["www.clienta.nl"]


# Limits


@pytest.mark.parametrize("missing", list(KEYS))
def test_each_of_the_three_headers_is_required(missing: str) -> None:
    headers = {name.lower(): value for name, value in KEYS.items() if name != missing}
    reply = make().handle("GET", "/domains", headers, b"", START)
    assert refusal(reply) == (401, "UNAUTHORIZED", "")
    assert reply.headers["x-ratelimit-remaining"] == "100"


def test_wrong_credentials_are_refused() -> None:
    sandbox = make(credentials=("s.example", "agency", "another-key"))
    assert ask(sandbox, "GET", "/domains").status == 401


def test_writes_and_reads_have_separate_limits_shown_in_every_response() -> None:
    sandbox = make(limits=Limits(window=60, writes=2, reads=3))
    seen = []
    for method in ("DELETE", "DELETE", "DELETE", "GET"):
        reply = ask(sandbox, method, f"{ACCOUNTS}/nobody", at=12.5)
        rate = (reply.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset"))
        seen.append((reply.status, *map(int, rate), reply.headers.get("retry-after")))
    ends = int(START) + 60
    assert seen == [(404, 2, 1, ends, None), (404, 2, 0, ends, None), (429, 2, 0, ends, "48"), (404, 3, 2, ends, None)]


def test_a_rate_limited_request_has_no_effect_and_passes_in_the_next_window() -> None:
    sandbox = make(limits=Limits(writes=0))
    assert refusal(ask(sandbox, "POST", ACCOUNTS, BOX)) == (429, "RATE_LIMITED", "")
    assert not sandbox.mailboxes()
    sandbox.limits = Limits(writes=1)
    assert ask(sandbox, "POST", ACCOUNTS, BOX, at=60).status == 201


@pytest.mark.parametrize(("aligned", "statuses"), [(True, [404, 429, 404]), (False, [404, 429, 429])])
def test_windows_follow_the_clock_or_start_at_the_first_request(aligned: bool, statuses: list[int]) -> None:
    sandbox = make(limits=Limits(window=60, writes=1, aligned=aligned))
    assert [ask(sandbox, "DELETE", f"{ACCOUNTS}/x", at=at).status for at in (50, 59, 61)] == statuses
    assert ask(sandbox, "DELETE", f"{ACCOUNTS}/x", at=120).status == 404


def test_another_client_spends_its_share_of_the_budget() -> None:
    sandbox = make(limits=Limits(writes=20, others=0.5))
    replies = [ask(sandbox, "DELETE", f"{ACCOUNTS}/x") for _ in range(12)]
    assert [reply.status for reply in replies] == [404] * 10 + [429] * 2
    assert [int(reply.headers["x-ratelimit-remaining"]) for reply in replies[:3]] == [18, 16, 14]


def test_another_client_may_use_up_the_remaining_requests() -> None:
    sandbox = make()
    assert ask(sandbox, "DELETE", f"{ACCOUNTS}/x").headers["x-ratelimit-remaining"] == "19"
    sandbox.spend("write", 100, START)
    assert ask(sandbox, "DELETE", f"{ACCOUNTS}/x").status == 429


def test_a_wrong_clock_shows_in_both_reset_and_date() -> None:
    reply = ask(make(limits=Limits(skew=-180)), "GET", "/domains")
    assert int(reply.headers["x-ratelimit-reset"]) == START + 60 - 180
    assert parsedate_to_datetime(reply.headers["date"]).timestamp() == START - 180


@pytest.mark.parametrize(("form", "expected"), [("date", "Fri, 15 Jan 2027 08:01:00 GMT"), ("none", None)])
def test_retry_after_can_be_a_date_or_missing(form: Any, expected: str | None) -> None:
    reply = ask(make(limits=Limits(writes=0, headers=False, retry_after=form)), "POST", ACCOUNTS, BOX)
    assert reply.status == 429
    assert reply.headers.get("retry-after") == expected
    assert not any(name.startswith("x-ratelimit") for name in reply.headers)


# The state file


def test_a_restart_with_a_state_file_restores_all_changes(tmp_path: Path) -> None:
    state = tmp_path / "data" / "sandbox.jsonl"
    before = make(state_file=state)
    ask(before, "POST", ACCOUNTS, BOX | {"quota": 10})
    ask(before, "POST", ACCOUNTS, BOX | {"username": "piet"})
    ask(before, "PATCH", f"{ACCOUNTS}/jan", {"quota": 20, "password": "Another-word-2"})
    ask(before, "DELETE", f"{ACCOUNTS}/piet")
    after = make(state_file=state)
    assert after.mailboxes() == before.mailboxes()
    assert after.password_is("jan@clienta.nl", "Another-word-2")
    assert not after.password_is("jan@clienta.nl", BOX["password"])
    assert not after.password_is("piet@clienta.nl", BOX["password"])


def test_no_password_reaches_the_state_file_the_log_or_a_repr(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    sandbox = make(state_file=state, remember_passwords=True)
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert BOX["password"] not in state.read_text() + repr(sandbox.log) + repr(sandbox.account)
    assert state.stat().st_mode & 0o777 == 0o600


def test_a_state_line_cut_off_by_a_kill_loses_only_itself(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    ask(make(state_file=state), "POST", ACCOUNTS, BOX)
    whole = state.read_bytes()
    for cut in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        state.write_bytes(whole + whole[:cut])
        ask(make(state_file=state), "POST", ACCOUNTS, BOX | {"username": "piet"})
        assert make(state_file=state).mailboxes().keys() == {"jan@clienta.nl", "piet@clienta.nl"}


def test_a_change_that_cannot_be_saved_has_no_effect(tmp_path: Path) -> None:
    sandbox = make(state_file=tmp_path / "state")
    (tmp_path / "state").mkdir()
    assert refusal(ask(sandbox, "POST", ACCOUNTS, BOX)) == (500, "SERVER_ERROR", "")
    assert not sandbox.mailboxes()
    assert not sandbox.made


def test_a_file_that_is_not_a_state_file_is_refused_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("hello\n")
    with pytest.raises(ValueError, match="holds no sandbox changes"):
        make(state_file=tmp_path / "state")


def test_passwords_are_remembered_for_tests_only() -> None:
    sandbox = make()
    ask(sandbox, "POST", ACCOUNTS, BOX)
    assert sandbox.password_of("jan@clienta.nl") is None


def test_the_log_records_each_request_and_whether_it_had_an_effect() -> None:
    sandbox = make()
    ask(sandbox, "POST", ACCOUNTS, BOX)
    ask(sandbox, "POST", ACCOUNTS, BOX, at=1)
    ask(sandbox, "GET", ACCOUNTS, at=2)
    assert [tuple(entry) for entry in sandbox.log] == [
        (START, "POST", ACCOUNTS, 201, True),
        (START + 1, "POST", ACCOUNTS, 409, False),
        (START + 2, "GET", ACCOUNTS, 200, False),
    ]


# The server


@pytest.fixture
def served() -> Iterator[Served]:
    running = serve(make(limits=Limits(writes=1, reads=1, aligned=False), remember_passwords=True), controlled=True)
    yield running
    running.stop()


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers=KEYS, timeout=5) as client:
        yield client


def test_it_serves_real_http_on_loopback_with_the_same_headers(served: Served, client: httpx.Client) -> None:
    assert served.url.startswith("http://127.0.0.1:")
    created = client.post(ACCOUNTS, json=BOX)
    assert created.status_code == 201
    assert created.headers["X-RateLimit-Remaining"] == "0"
    assert client.delete(f"{ACCOUNTS}/jan").headers["Retry-After"].isdigit()
    assert "jan@clienta.nl" in served.sandbox.mailboxes()


def test_control_routes_show_and_steer_without_using_the_rate_limit(client: httpx.Client) -> None:
    assert client.get("/_sandbox/mailboxes").json() == []
    limits = client.post("/_sandbox/limits", json={"writes": 5}).json()
    assert (limits["writes"], limits["reads"]) == (5, 1)
    assert client.post("/_sandbox/faults", json=[{"fault": "plan_full"}]).status_code == 200
    assert [client.post(ACCOUNTS, json=BOX).status_code for _ in range(2)] == [422, 201]
    [box] = client.get("/_sandbox/mailboxes").json()
    assert (box["email"], box["password"]) == ("jan@clienta.nl", BOX["password"])
    log = client.get("/_sandbox/log").json()
    assert [entry["status"] for entry in log["log"]] == [422, 201]
    assert log["made"] == {"jan@clienta.nl": 1}
    assert client.get("/domains").headers["X-RateLimit-Remaining"] == "0"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", '{"fault": "no such"}'),
        ("faults", "{"),
        ("limits", '{"colour": 1}'),
        ("limits", '{"window": 0}'),
        ("limits", "[]"),
    ],
)
def test_control_routes_refuse_invalid_input(client: httpx.Client, path: str, body: str) -> None:
    assert client.post(f"/_sandbox/{path}", content=body).status_code == 400


def test_without_control_its_routes_do_not_exist() -> None:
    running = serve(make())
    try:
        assert httpx.get(f"{running.url}/_sandbox/log", headers=KEYS).status_code == 404
    finally:
        running.stop()


def test_a_stopped_sandbox_frees_its_port() -> None:
    first = serve(make())
    port = int(first.url.rpartition(":")[2])
    httpx.get(first.url)
    first.stop()
    first.stop()
    second = serve(make(), port)
    second.stop()


@pytest.mark.process
def test_the_command_line_prints_its_url_first_and_ends_quietly_on_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    command = [sys.executable, "-W", "error", "-m", "mxlib.sandbox", "--window", "2", "--writes", "7", "--control"]
    command += ["--max-mailboxes", "1000", "--state", str(state), "--faults", '{"fault": "forbidden"}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        statuses = [httpx.post(url + ACCOUNTS, json=BOX, headers=KEYS).status_code for _ in range(2)]
        started = time.monotonic()
        process.terminate()
        _, complaints = process.communicate(timeout=10)
    assert statuses == [403, 201]
    assert (process.returncode, complaints) == (0, "")
    assert time.monotonic() - started < 3
    assert "jan" in state.read_text()
