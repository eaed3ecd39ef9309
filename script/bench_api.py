"""Benchmark of the HTTP API: a preview of 10,000 rows, and a server's answers.

The server is real, and measured alone and under load. `python -m script.bench_api` prints times next to their budgets;
the host is simulated on this machine.
"""

import sys
import tempfile
from pathlib import Path

from mxlib.api.schemas.requests import read_import
from mxlib.auth.permissions import LOCAL
from script import bench_wire
from script.bench_validation import seconds
from tests.support.app import GOOD, opened

ROWS = 10_000
MOST_S = 1.0


def main(rows: int = ROWS, times: int = 7) -> bool:
    """Print what a preview costs from request to answer.

    Return whether that is within the budget.
    """
    named = [
        {"username": f"user{n}", "password": GOOD, "quota": 1024, "recovery_email": f"u{n}@example.org", "line": n}
        for n in range(1, rows + 1)
    ]
    body = {"default_domain": "a.nl", "rows": named}
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as app:
        app.ask("GET", "/domains/a.nl/email-accounts")
        files, imports = app.services.files, app.services.imports
        validation = seconds(lambda: imports.preview(LOCAL, files.batch_from_json(body, read_import)), times)
        whole = seconds(lambda: app.ask("POST", "/email-accounts/import/preview", body), times)
    print(f"a preview of {rows:,} rows as JSON")
    print(f"  request to answer {whole:6.3f} s  (under {MOST_S:g} s; reading and judging {validation:.3f} s)")
    return bench_wire.main() and whole < MOST_S


if __name__ == "__main__":
    sys.exit(not main())
