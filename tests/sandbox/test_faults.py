"""Faults of the sandbox: each does exactly what it declares."""

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.sandbox import NAMED, Account, Answer, Effect, Fault, Limits, Reply, Rule, Sandbox, Schedule, serve

KEYS = {"X-Server": "s.example", "X-Username": "agency", "X-API-Key": "a-key"}
START = 1_800_000_000.0
DOMAIN = "clienta.nl"
ACCOUNTS = f"/domains/{DOMAIN}/email-accounts"
LOST = (httpx.ReadError, httpx.RemoteProtocolError)


def make(*rules: Rule, **options: Any) -> Sandbox:
    return Sandbox(Account.of(DOMAIN, "clientb.nl"), schedule=Schedule.of(*rules), **options)


def create(sandbox: Sandbox, username: str = "jan", at: float = 0.0, domain: str = DOMAIN) -> Reply:
    body = json.dumps({"username": username, "password": "Secret-word-1"}).encode()
    return sandbox.handle("POST", f"/domains/{domain}/email-accounts", KEYS, body, START + at)


def read(sandbox: Sandbox, at: float = 0.0) -> list[str]:
    reply = sandbox.handle("GET", ACCOUNTS, KEYS, b"", START + at)
    return [box["username"] for box in reply.json()["data"]]


@pytest.mark.parametrize("name", list(NAMED))
def test_each_named_fault_has_its_declared_effect_and_response(name: str) -> None:
    fault = NAMED[name]
    sandbox = make(Rule(fault))
    reply = create(sandbox)
    assert (read(sandbox) == ["jan"]) == (fault.effect is Effect.NOW)
    assert reply.dropped == (fault.answer in {Answer.NONE, Answer.DRIPPED_HEADERS, Answer.DRIPPED_BODY})
    assert reply.delay == fault.delay
    assert sandbox.log[0].effect == (fault.effect is Effect.NOW)
    assert sandbox.log[0].status == (0 if reply.dropped else reply.status)
    assert ("x-ratelimit-limit" in reply.headers) == (not fault.bare and not reply.dropped)
    assert create(sandbox, "piet").status == 201


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("stalled", 201),
        ("error_before", 500),
        ("error_late", 504),
        ("html_after", 502),
        ("broken_before", 200),
        ("broken_after", 201),
        ("rate_limited", 429),
        ("rate_limited_bare", 429),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("plan_full", 422),
        ("no_rate_headers", 201),
        ("yes_undone", 201),
        ("no_done", 400),
        ("no_done_403", 403),
        ("no_done_404", 404),
        ("no_done_422", 422),
        ("no_done_success_false", 200),
        ("null", 200),
        ("rate_limited_for_days", 429),
        ("packed_twice", 200),
    ],
)
def test_each_fault_with_a_response_has_its_status(name: str, status: int) -> None:
    assert create(make(Rule(NAMED[name]))).status == status


@pytest.mark.parametrize("name", ["html_before", "html_after", "broken_before", "broken_after"])
def test_html_and_broken_responses_are_not_json(name: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        create(make(Rule(NAMED[name]))).json()


def test_a_429_has_a_retry_after_or_no_headers() -> None:
    headers = create(make(Rule(NAMED["rate_limited"])), at=20).headers
    assert (headers["retry-after"], headers["x-ratelimit-remaining"]) == ("40", "0")
    assert create(make(Rule(NAMED["rate_limited_bare"]))).headers == {"content-type": "application/json"}


def test_a_late_create_takes_effect_at_its_time_and_counts_once() -> None:
    sandbox = make(Rule(NAMED["lost_late"]))
    create(sandbox)
    assert sandbox.next_late() == START + 25
    assert read(sandbox, at=24.9) == []
    assert read(sandbox, at=30) == ["jan"]
    assert sandbox.made == {f"jan@{DOMAIN}": 1}
    late = sandbox.log[2]
    assert (late.at, late.status, late.effect) == (START + 25, 0, True)
    assert sandbox.next_late() is None


def test_a_late_create_after_another_create_changes_nothing() -> None:
    sandbox = make(Rule(NAMED["lost_late"]))
    create(sandbox)
    assert create(sandbox, at=10).status == 201
    sandbox.advance(START + 100)
    assert sandbox.made == {f"jan@{DOMAIN}": 1}
    assert not sandbox.log[-1].effect


def test_late_effects_happen_in_the_order_of_their_times() -> None:
    slow, quick = (replace(NAMED["lost_late"], late=late) for late in (50.0, 10.0))
    sandbox = make(Rule(slow, first=1), Rule(quick, first=2))
    create(sandbox)
    sandbox.handle("DELETE", f"{ACCOUNTS}/jan", KEYS, b"", START)
    sandbox.advance(START + 60)
    assert [(entry.at - START, entry.method, entry.effect) for entry in list(sandbox.log)[2:]] == [
        (10, "DELETE", False),
        (50, "POST", True),
    ]


def test_a_rule_counts_only_writes_within_the_rate_limit() -> None:
    sandbox = make(Rule(NAMED["error_before"], first=2, count=2), limits=Limits(writes=3))
    statuses = []
    for number in range(6):
        read(sandbox)
        statuses.append(create(sandbox, f"u{number}", at=60.0 * (number // 4)).status)
    assert statuses == [201, 500, 500, 429, 201, 201]


def test_a_rule_can_apply_to_every_nth_request_for_ever() -> None:
    sandbox = make(Rule(NAMED["error_before"], first=3, every=3, count=None))
    assert [create(sandbox, f"u{number}").status for number in range(1, 8)] == [201, 201, 500, 201, 201, 500, 201]


def test_a_rule_for_an_address_or_domain_counts_only_its_requests() -> None:
    one = Rule(NAMED["error_before"], address=f"piet@{DOMAIN}")
    whole = Rule(NAMED["forbidden"], address="clientb.nl", first=2)
    sandbox = make(one, whole)
    asked = [("jan", DOMAIN), ("piet", DOMAIN), ("piet", DOMAIN), ("a", "clientb.nl"), ("b", "clientb.nl")]
    assert [create(sandbox, name, domain=domain).status for name, domain in asked] == [201, 500, 201, 201, 403]


def test_a_rule_for_reads_does_not_affect_writes() -> None:
    sandbox = make(Rule(NAMED["html_before"], on="read"))
    assert create(sandbox).status == 201
    assert sandbox.handle("GET", ACCOUNTS, KEYS, b"", START).status == 502
    assert read(sandbox) == ["jan"]


def test_the_first_matching_rule_applies_and_a_new_schedule_counts_from_zero() -> None:
    sandbox = make(Rule(NAMED["forbidden"], first=2), Rule(NAMED["error_before"], count=2))
    assert [create(sandbox, f"u{number}").status for number in range(3)] == [500, 403, 201]
    sandbox.schedule = sandbox.schedule
    assert create(sandbox, "again").status == 500


@pytest.mark.parametrize(
    "impossible",
    [
        {"answer": Answer.RATE_LIMITED},
        {"answer": Answer.PLAN_FULL, "effect": Effect.LATE},
        {"effect": Effect.NEVER},
        {"effect": Effect.LATE},
        {"delay": -1.0},
        {"wait": -1},
        {"answer": Answer.DATA, "data": "{"},
        {"answer": Answer.NO, "status": 100},
        {"status": 200},
    ],
)
def test_impossible_faults_are_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Fault(**impossible)


rules = st.builds(
    Rule,
    st.sampled_from(list(NAMED.values())).flatmap(
        lambda fault: st.builds(replace, st.just(fault), delay=st.floats(0, 100), status=st.sampled_from([0, 503]))
    ),
    on=st.sampled_from(["write", "read", "any", "create", "list", "mailbox"]),
    first=st.integers(1, 50),
    count=st.none() | st.integers(0, 50),
    every=st.integers(1, 9),
    address=st.sampled_from(["", DOMAIN, f"jan@{DOMAIN}"]),
)


@given(st.lists(rules, max_size=4))
def test_a_schedule_survives_a_json_round_trip(some: list[Rule]) -> None:
    schedule = Schedule.of(*some)
    assert Schedule.from_json(schedule.to_json()) == schedule


def test_a_named_fault_can_be_adjusted_in_json() -> None:
    text = '{"fault": "lost_late", "late": 3.5, "first": 2, "on": "any"}'
    assert Schedule.from_json(text) == Schedule.of(Rule(replace(NAMED["lost_late"], late=3.5), on="any", first=2))


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "[7]",
        "{",
        '{"fault": "x"}',
        '{"colour": 1}',
        '{"first": "x"}',
        '{"first": 0}',
        '{"on": "x"}',
        '{"effect": 1}',
        '{"fault": []}',
        '{"address": 7}',
    ],
)
def test_json_that_is_not_a_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Schedule.from_json(text)


@pytest.mark.parametrize(("method", "on", "status"), [("PATCH", "update", 200), ("DELETE", "delete", 204)])
def test_a_success_without_effect_also_applies_to_updates_and_deletions(method: str, on: Any, status: int) -> None:
    sandbox = make(Rule(NAMED["yes_undone"], on))
    assert create(sandbox).status == 201
    before = sandbox.mailbox(f"jan@{DOMAIN}")
    assert sandbox.handle(method, f"{ACCOUNTS}/jan", KEYS, b'{"quota": 2048}', START).status == status
    assert sandbox.mailbox(f"jan@{DOMAIN}") == before


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("no_done")])
@pytest.mark.parametrize(("method", "on"), [("POST", "create"), ("PATCH", "update"), ("DELETE", "delete")])
def test_a_refusal_with_effect_refuses_in_the_envelope_and_takes_effect(name: str, method: str, on: Any) -> None:
    sandbox = make(Rule(NAMED[name], on))
    if method == "POST":
        reply = create(sandbox)
    else:
        create(sandbox)
        reply = sandbox.handle(method, f"{ACCOUNTS}/jan", KEYS, b'{"quota": 2048}', START)
    assert reply.json()["success"] is False
    box = sandbox.mailbox(f"jan@{DOMAIN}")
    assert {"POST": box is not None, "PATCH": box and box.quota == 2048, "DELETE": box is None}[method]


ODD = {
    "another_mailbox": {"username": "another", "email": "another@else.example"},
    "null": None,
    "empty_object": {},
    "empty_list": [],
    "text": "text",
    "number": 7,
    "huge_number": [{"username": "x", "quota": 10**400}],
    "lone_surrogate": [{"username": "\ud800"}],
    "nameless_entry": [{"quota": 1024}],
}


@pytest.mark.parametrize(("name", "data"), ODD.items())
@pytest.mark.parametrize(("on", "path"), [("list", ACCOUNTS), ("mailbox", f"{ACCOUNTS}/jan"), ("domains", "/domains")])
def test_an_odd_response_has_its_data_and_other_requests_are_unaffected(
    name: str, data: Any, on: Any, path: str
) -> None:
    sandbox = make(Rule(NAMED[name], on))
    assert create(sandbox).status == 201
    others = {ACCOUNTS, f"{ACCOUNTS}/jan", "/domains"} - {path}
    true = {each: shown(sandbox, each) for each in others}
    reply = sandbox.handle("GET", path, KEYS, b"", START)
    assert (reply.status, reply.json()) == (200, {"success": True, "data": data})
    assert {each: shown(sandbox, each) for each in others} == true
    assert shown(sandbox, path) != data


def shown(sandbox: Sandbox, path: str) -> Any:
    return sandbox.handle("GET", path, KEYS, b"", START).json()["data"]


@pytest.mark.parametrize(("name", "names"), [("half_a_list", ["a"]), ("repeated_entry", ["a", "b", "c", "a"])])
def test_a_list_is_halved_or_repeats_an_entry_once(name: str, names: list[str]) -> None:
    sandbox = make(Rule(NAMED[name], "list"))
    for each in "abc":
        create(sandbox, each)
    assert read(sandbox) == names
    assert read(sandbox) == ["a", "b", "c"]


def test_requests_for_one_mailbox_can_be_refused() -> None:
    sandbox = make(Rule(NAMED["forbidden"], "any", count=None, address=f"jan@{DOMAIN}"))
    assert [create(sandbox, name).status for name in ("jan", "piet", "jan")] == [403, 201, 403]
    assert sandbox.handle("GET", f"{ACCOUNTS}/jan", KEYS, b"", START).status == 403
    assert read(sandbox) == ["piet"]


@pytest.mark.parametrize(("name", "status"), [("forbidden", 403), ("unauthorized", 401)])
def test_every_request_can_be_refused(name: str, status: int) -> None:
    sandbox = make(Rule(NAMED[name], "any", count=None))
    asked = [create(sandbox), *(sandbox.handle("GET", path, KEYS, b"", START) for path in ("/domains", ACCOUNTS))]
    assert {reply.status for reply in asked} == {status}


def test_refusals_and_successes_can_announce_waits_of_days() -> None:
    refused, done = create(make(Rule(NAMED["rate_limited_for_days"]))), create(make(Rule(NAMED["resets_in_days"])))
    assert (refused.status, refused.headers["retry-after"]) == (429, "1000000")
    for reply in (refused, done):
        assert reply.headers["x-ratelimit-remaining"] == "0"
        assert float(reply.headers["x-ratelimit-reset"]) == START + 1_000_000
    assert "retry-after" not in done.headers


def test_a_small_body_can_decompress_twice_to_a_huge_one() -> None:
    reply = create(make(Rule(NAMED["packed_twice"])))
    assert reply.headers["content-encoding"] == "gzip, gzip"
    assert len(reply.body) < 10_000
    assert len(gzip.decompress(gzip.decompress(reply.body))) == 100_000_000


# Over real HTTP


@pytest.fixture
def sandbox() -> Sandbox:
    return make(limits=Limits(writes=10_000, reads=10_000))


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    running = serve(sandbox)
    with httpx.Client(base_url=running.url, headers=KEYS, timeout=5) as client:
        yield client
    running.stop()


def post(client: httpx.Client, username: str, **options: Any) -> httpx.Response:
    return client.post(ACCOUNTS, json={"username": username, "password": "Secret-word-1"}, **options)


@pytest.mark.parametrize(("name", "made"), [("lost_before", False), ("lost_after", True)])
def test_a_lost_response_closes_the_connection_without_a_response(
    sandbox: Sandbox, client: httpx.Client, caplog: pytest.LogCaptureFixture, name: str, made: bool
) -> None:
    sandbox.schedule = Schedule.of(Rule(NAMED[name], first=2))
    post(client, "before")
    with pytest.raises(LOST):
        post(client, "jan")
    assert (sandbox.mailbox(f"jan@{DOMAIN}") is not None) == made
    assert post(client, "after").status_code == 201
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


def test_a_create_with_a_response_past_the_timeout_takes_effect(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.schedule = Schedule.of(Rule(NAMED["stalled"]))
    with pytest.raises(httpx.ReadTimeout):
        post(client, "jan", timeout=0.03)
    assert post(client, "jan").status_code == 409


def test_short_delays_before_a_response_or_a_loss_are_kept(sandbox: Sandbox, client: httpx.Client) -> None:
    delayed = replace(NAMED["lost_before"], delay=0.03)
    sandbox.schedule = Schedule.of(Rule(Fault(delay=0.03)), Rule(delayed, first=2))
    started = time.monotonic()
    assert post(client, "jan").status_code == 201
    with pytest.raises(LOST):
        post(client, "piet")
    assert time.monotonic() - started >= 0.06


def test_html_and_broken_json_arrive_unchanged(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.schedule = Schedule.of(Rule(NAMED["html_after"]), Rule(NAMED["broken_after"], first=2))
    page, broken = post(client, "jan"), post(client, "piet")
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "X-RateLimit-Limit" not in page.headers
    with pytest.raises(ValueError, match="Unterminated"):
        broken.json()


@pytest.mark.parametrize("name", ["dripped_headers", "dripped_body"])
def test_a_response_sent_byte_by_byte_outlasts_the_read_timeout(
    sandbox: Sandbox, client: httpx.Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    sandbox.schedule = Schedule.of(Rule(replace(NAMED[name], delay=0.5)))
    started = time.monotonic()
    with pytest.raises(LOST):
        post(client, "jan", timeout=0.3)
    assert time.monotonic() - started >= 0.45
    assert post(client, "piet").status_code == 201
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


def test_the_server_survives_a_client_that_leaves_a_slow_response(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.schedule = Schedule.of(Rule(NAMED["dripped_body"]))
    with client.stream("POST", ACCOUNTS, json={"username": "jan", "password": "Secret-word-1"}) as answer:
        assert answer.status_code == 200
    assert post(client, "piet").status_code == 201


def test_the_server_stops_at_once_while_responses_are_delayed(caplog: pytest.LogCaptureFixture) -> None:
    stalling = make(Rule(NAMED["stalled"]))
    running = serve(stalling)
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=running.url, headers=KEYS, timeout=5) as client:
        waiting = pool.submit(post, client, "jan")
        while not stalling.log:
            time.sleep(0.001)
        started = time.monotonic()
        running.stop()
        assert isinstance(waiting.exception(), LOST)
    assert time.monotonic() - started < 1.5
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
