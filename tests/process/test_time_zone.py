"""The zone of the times that a server and its commands show."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVER = "from mxlib.ui.app import server; server._settings()"
COMMAND = "from mxlib import cli; cli.main(['user', 'list'])"
HOUR = "import datetime; print('hour', datetime.datetime.fromtimestamp(0).hour)"


@pytest.mark.parametrize("program", [SERVER, COMMAND])
@pytest.mark.parametrize(("chosen", "hour"), [("Asia/Tokyo", 9), ("", 19)])
def test_times_are_those_of_the_chosen_zone_or_of_the_server(
    tmp_path: Path, program: str, chosen: str, hour: int
) -> None:
    environment = os.environ | {"TZ": "America/New_York", "MXM_TIMEZONE": chosen, "MXM_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{HOUR}"], env=environment, capture_output=True, text=True, check=False
    )
    assert f"hour {hour}" in done.stdout.splitlines(), done.stderr
