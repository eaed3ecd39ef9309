"""The main figures, measured on this machine and compared with their budgets.

`script/bench` starts it. Each part prints what it measured next to its budget; the exit status is 1 when a part
exceeded one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.request import urlopen

from tests.browser.driver import ROOT, foreign_to_us

MOST_S = 3.0
#: Parts that `script/bench` measures when none is named; `real-pace` takes twelve minutes and is only measured when
#: named.
PARTS = {
    "start": ["script.bench", "--start"],
    "intake": ["script.bench_intake"],
    "validation": ["script.bench_validation"],
    "api": ["script.bench_api"],
    "journal": ["script.bench_journal"],
    "edit": ["script.bench_edit"],
    "grid": ["script.bench_grid"],
    "pages": ["script.bench_pages"],
    "watch": ["script.bench_watch"],
    "usage": ["script.bench_usage"],
    "events": ["script.bench_events"],
    "letters": ["script.bench_letters"],
    "resets": ["script.bench_resets"],
    "pace": ["script.bench_pace"],
    "real-pace": ["script.bench_pace", "--real"],
}


def start() -> bool:
    """Print the seconds from `script/server` to its first answer; return whether they fit the budget.

    Everything is installed already.
    """
    seconds = [_one_start() for _ in range(5)]
    median = statistics.median(seconds)
    print("a second start")
    print(f"  command to first answer {median:5.2f} s  (under {MOST_S:g} s)")
    return median < MOST_S


def _one_start() -> float:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        environment = foreign_to_us(os.environ) | {"MXM_DATA_DIR": folder}
        command = [ROOT / "script" / "server"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            while process.poll() is None:
                try:
                    if urlopen(f"{url}/health", timeout=5).status == 200:
                        break
                except OSError:
                    time.sleep(0.01)
            seconds = time.perf_counter() - began
            assert process.poll() is None, "It ended instead of serving."
            process.terminate()
    return seconds


def main(names: list[str]) -> int:
    """Measure the named parts, one process each."""
    broken = []
    for name in names or [name for name in PARTS if name != "real-pace"]:
        if name not in PARTS:
            print(f"No part {name!r}. There are: {', '.join(PARTS)}.", file=sys.stderr)
            return 2
        if subprocess.run([sys.executable, "-m", *PARTS[name]], cwd=ROOT, check=False).returncode:
            broken.append(name)
    if broken:
        print(f"Over budget: {', '.join(broken)}.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(not start() if sys.argv[1:] == ["--start"] else main(sys.argv[1:]))
