"""Benchmark of requests for a reset: milliseconds by what the address is, over the public page.

The kinds take turns in another order each round. No difference of medians may show what exists: each has to stay below
the spread of one kind, which is the middle half of its times.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.permissions import LOCAL
from mxlib.store import stored_columns
from mxlib.store.tables import reset_request
from mxlib.web import portal
from tests.support.app import App, opened

ROUNDS, SITE = 200, "http://127.0.0.1:8501"

#: What is asked for, by kind.
KINDS = {
    "known": "nina@a.nl",
    "unknown mailbox": "nobody@a.nl",
    "without a recovery email": "tess@a.nl",
    "off": "kim@b.nl",
    "unknown domain": "nina@else.example",
    "malformed": "nina at a.nl",
}

#: The longest median of a request, in milliseconds.
MOST_MS = 50.0


def measure(app: App) -> dict[str, list[float]]:
    """Return the milliseconds of each request, by kind."""
    settings = app.services.settings
    site = Starlette(
        middleware=[
            Middleware(
                AccessMiddleware, settings=settings, authenticator=lambda: app.services.authenticator, portal=portal.app
            )
        ]
    )
    luck, times = random.Random(20), dict[str, list[float]]()
    for number in range(ROUNDS):
        for kind, address in luck.sample(sorted(KINDS.items()), len(KINDS)):
            network = f"10.{number % 250}.{luck.randrange(250)}.1"
            client = TestClient(site, base_url=SITE, client=(network, 50_000))
            began = time.perf_counter()
            answer = client.post("/reset", data={"address": address}, headers={"Origin": SITE})
            times.setdefault(kind, []).append(1_000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
        with app.services.store.write() as tx:  # no limit is reached
            tx.execute(reset_request.delete())
    return times


def main() -> int:
    """Print medians; return 1 where they differ by more than the spread of one kind."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as app:
        app.have("nina@a.nl", "tess@a.nl", "kim@b.nl")
        now = app.services.clock.now()
        with app.services.store.write() as tx:
            for domain, username in (("a.nl", "nina"), ("b.nl", "kim")):
                stored_columns.put(tx, "recovery_email", domain, username, f"{username}@mail.example", now)
        app.services.self_service.switch(LOCAL, "a.nl", on=True)
        times = measure(app)
    print(f"a request for a reset, {ROUNDS} times each")
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    spread = min(quarters[2] - quarters[0] for quarters in (statistics.quantiles(each, n=4) for each in times.values()))
    for kind, median in medians.items():
        print(f"  {kind:26} {median:6.2f} ms")
    apart = max(medians.values()) - min(medians.values())
    print(f"  medians apart              {apart:6.2f} ms  (under {spread:.2f} ms, the middle half of one kind)")
    return int(apart > spread or max(medians.values()) > MOST_MS)


if __name__ == "__main__":
    raise SystemExit(main())
