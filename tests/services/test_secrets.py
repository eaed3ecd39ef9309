"""After a whole journey in which much goes wrong, neither a password nor the key is anywhere that it should not be."""

import gc
import logging
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.permissions import LOCAL
from mxlib.core.vocabulary import AT_AN_END, HandOverWay
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import MXrouteError
from mxlib.sandbox import NAMED, Rule, Schedule, Served, believable, serve
from mxlib.services import Services, build
from mxlib.settings import Settings
from mxlib.web.downloads import routes
from tests.support.threaded_runs import until

pytestmark = pytest.mark.process

KEY = "Key-that-nobody-may-see-7319"
SUPPLIED = "Pass-that-nobody-may-see-1.x"
SIGN_IN = "Sign-in-that-nobody-may-see"
MISTAKEN = "Typed-into-the-wrong-box-4.x"
FAULTS = ("lost_before", "lost_after", "error_after", "html_before", "broken_after", "rate_limited", "stalled")
FILE = b"username,password,note\r\n" + b"".join(
    f"who{number},{SUPPLIED if number % 2 else ''},{SUPPLIED if number == 1 else 'plain'}\r\n".encode()
    for number in range(12)
)


@pytest.fixture
def host() -> Iterator[Served]:
    served = serve(believable(window=1.0, writes=200, reads=400))
    served.sandbox.schedule = Schedule.of(
        *(Rule(NAMED[fault], first=2 + at) for at, fault in enumerate(FAULTS)),
        Rule(NAMED["unauthorized"], first=11),
    )
    yield served
    served.stop()


@pytest.fixture
def services(tmp_path: Path, host: Served, caplog: pytest.LogCaptureFixture) -> Iterator[Services]:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    built = build(
        Settings(
            data_dir=tmp_path, server="sandbox.local", user="sandbox", api_key=SecretStr(KEY), api_url=host.url,
            timeout_s=0.2,
        )
    )  # fmt: skip
    built.run_manager.recover()
    yield built
    built.close()


def signed_in(services: Services, said: list[str]) -> set[str]:
    """Sign in at the guarded server, after the mistakes that people make, and set up a second factor.

    Return the ids of the pending sign-in and the session, the secret of the app, its code and the recovery codes.
    """
    services.users.add(LOCAL, "kim", SIGN_IN, admin=True)
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(AccessMiddleware, settings=services.settings, authenticator=lambda: services.authenticator)
        ],
    )
    browser = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    for name, password in ((MISTAKEN, SIGN_IN), ("kim", MISTAKEN), ("kim", SIGN_IN)):
        answer = browser.post(
            "/sign-in", data={"name": name, "password": password}, headers={"Origin": "http://127.0.0.1"}
        )
        said.append(answer.text.replace(f'value="{MISTAKEN}"', ""))  # what was typed stays in its box
    assert answer.headers["location"] == "/sign-in/step"
    pending_id, page = str(browser.cookies["mxm-pending"]), browser.get("/sign-in/step").text
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert key
    secret = key[1].replace(" ", "")
    form = {"step": "enroll", "code": (code := pyotp.TOTP(secret).now())}
    browser.post("/sign-in/step", data=form, headers={"Origin": "http://127.0.0.1"})
    shown = browser.get("/sign-in/step")
    codes = re.findall(r"\b(?:[2-9a-z]{4}-){3}[2-9a-z]{4}\b", shown.text)
    assert len(set(codes)) == 10
    browser.post("/sign-in/step", data={"step": "recovery codes"}, headers={"Origin": "http://127.0.0.1"})
    plain = {each.replace("-", "") for each in codes}
    return {str(browser.cookies["mxm-session"]), pending_id, secret, f"code={code}", *codes, *plain}


def test_no_secret_is_in_a_log_a_repr_a_traceback_or_the_database(
    services: Services, host: Served, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    said: list[str] = []
    batch = services.files.batch_from_file(FILE, "staff.csv", "clienta.nl")
    batch = batch.with_passwords(services.imports.validate(LOCAL, batch))
    validated = services.imports.validate(LOCAL, batch)
    ready = services.imports.confirm(LOCAL, batch, before=validated)
    secrets = {row.password for row in ready.plan.rows} | {KEY}
    assert len(secrets) == 6 + 1 + 1
    secrets |= {SIGN_IN, MISTAKEN} | signed_in(services, said)
    run = services.runs.start(LOCAL, ready.plan, days=7)

    def status() -> str:
        view = services.runs.get(LOCAL, run)
        said.append(repr(view))
        said.extend(repr(state) for state in tuple(services.run_manager._worker.engine.states.values()))
        assert view is not None
        if view.status == "paused":
            services.runs.resume(LOCAL, run)
        return view.status

    until(lambda: status() in AT_AN_END)
    assert any("paused" in each for each in said), "The key was never refused."
    created = [row for row, _ in services.runs.results(LOCAL, run) if row.outcome == "created"]
    assert len(created) == 12

    files = ("results.csv", "letters.pdf", "mail-merge.xlsx", "clients.zip", "bitwarden.csv", "1password.csv")
    said += [repr(services.exports.run_file(LOCAL, run, kind)) for kind in files]
    handed_over = services.handover.message(LOCAL, run, created[0].position)
    assert any(secret in handed_over for secret in secrets)
    services.handover.mark(LOCAL, run, [row.position for row in created], HandOverWay.LETTER)

    for fault in ("unauthorized", "html_before", "stalled_before"):
        host.sandbox.schedule = Schedule.of(Rule(NAMED[fault], count=None))
        with pytest.raises(MXrouteError) as caught:
            services.host.send(protocol.create_mailbox("clienta.nl", "byhand", SUPPLIED, 1, 1))
        said += traceback.format_exception(caught.value)

    said += [
        repr(each) for each in (services.settings, services, ready.plan, ready.plan.rows, batch, batch.source, created)
    ]
    ours = (each for each in gc.get_objects() if str(type(each).__module__).startswith("mxlib."))
    said += [repr(each) for each in ours if not str(type(each).__module__).startswith("mxlib.sandbox")]
    said += [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    said.append(caplog.text)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(kept) > 50_000
    logged = "\n".join(said)
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret not in logged, next(each for each in said if secret in each)[:300]
