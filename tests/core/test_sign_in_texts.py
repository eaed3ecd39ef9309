"""Texts about browsers and sign-ins."""

import re
import time
from collections.abc import Iterator

import pytest

from mxlib.core.text import sign_ins

AT = 1_795_597_660.0  # 25 November 2026, 09:07:40 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
            "Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
            "Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Safari/537.36 OPR/110.0.0.0",
            "Opera on ChromeOS",
        ),
        ("Thing/1.0 (Windows)", "A browser on Windows"),
        ("Firefox/1", "Firefox"),
        ("curl/8.9.1", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_by_its_family_and_system(agent: str, shown: str) -> None:
    assert sign_ins.browser(agent) == shown


def test_the_last_sign_in_has_time_address_and_refused_tries() -> None:
    plain = "Last sign-in: 25 Nov 2026, 09:07 from 10.0.0.7"
    assert sign_ins.last_sign_in(AT, "10.0.0.7", 0) == plain
    assert sign_ins.last_sign_in(AT, "10.0.0.7", 1) == f"{plain}. 1 refused try since then."
    assert sign_ins.last_sign_in(AT, "10.0.0.7", 1200) == f"{plain}. 1,200 refused tries since then."
    assert sign_ins.last_sign_in(AT, "", 0) == "Last sign-in: 25 Nov 2026, 09:07"


def test_a_temporary_password_has_an_end() -> None:
    assert sign_ins.temporary_password(AT, AT - 1) == "They have to change it by 25 Nov 2026, 09:07."
    assert sign_ins.temporary_password(AT, AT) == "It ended on 25 Nov 2026, 09:07: they need a new one."
    assert re.match("This password ended on 25 Nov 2026, 09:07: .* Ask an admin", sign_ins.password_ended(AT))
