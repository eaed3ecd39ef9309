"""Serve the simulated host from the command line.

The first line of output is its URL.
"""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import NAMED, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.seed import believable_account
from mxlib.sandbox.serve import serve


def _faults(text: str) -> Schedule:
    try:
        return Schedule.from_json(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m mxlib.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--window", type=float, default=60.0, help="seconds of a rate window")
    parser.add_argument("--writes", type=int, default=20, help="writes in a window")
    parser.add_argument("--reads", type=int, default=100, help="reads in a window")
    parser.add_argument("--rolling", action="store_true", help="a window starts at its first request, not by the clock")
    parser.add_argument("--others", type=float, default=0.0, help="share of the budget that another client spends")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    parser.add_argument("--max-mailboxes", type=int, help="mailboxes that the plan allows")
    parser.add_argument("--bare-quota", action="store_true", help="answer quota without the envelope, as published")
    parser.add_argument("--big", action="store_true", help="add a domain of 10,000 mailboxes")
    parser.add_argument("--state", type=Path, help="file that keeps changes for the next start")
    parser.add_argument(
        "--faults",
        type=_faults,
        default=Schedule(),
        help=f"JSON rules, as faults.py has them; faults are {', '.join(NAMED)}",
    )
    parser.add_argument("--control", action="store_true", help="answer under /_sandbox/ too")
    parser.add_argument("--remember-passwords", action="store_true", help="tell them to tests")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    asked = _arguments()
    account = believable_account(big=asked.big, max_mailboxes=asked.max_mailboxes)
    account.bare_quota = asked.bare_quota
    sandbox = Sandbox(
        account,
        Limits(asked.window, asked.writes, asked.reads, aligned=not asked.rolling, others=asked.others),
        asked.faults,
        latency=asked.latency,
        remember_passwords=asked.remember_passwords,
        state_file=asked.state,
    )
    served = serve(sandbox, asked.port, controlled=asked.control)
    sys.stdout.write(served.url + "\n")
    sys.stdout.flush()

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        served.wait()
    finally:
        served.stop()


if __name__ == "__main__":
    main()
