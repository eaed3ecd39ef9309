"""The commands of docs/api.md, run in their order against a real server."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from mxlib import services
from mxlib.api.app import build, routes
from mxlib.api.responses import CODES
from mxlib.settings import Settings
from mxlib.web import health

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
#: Blocks of commands, each with the answer shown after it, or blank.
BLOCKS = re.findall(r"```sh\n(.*?)```\n(?:```json\n(.*?)```)?", DOCS, re.DOTALL)
MARK = "=== next block ==="
#: Makes the script end at a refusal, and keeps every wait short.
PRELUDE = """
set -euo pipefail
curl() { command curl --noproxy '*' --fail-with-body --max-time 20 "$@"; }
sleep() { command sleep 0.02; }
"""

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a server on a sandbox whose minute is one second."""
    app = services.build(Settings(data_dir=tmp_path, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400))
    services.install(app)
    app.run_manager.recover()
    config = uvicorn.Config(
        Starlette(routes=[*health.routes, *routes]), host="127.0.0.1", port=0, log_level="critical", lifespan="off"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join(10)
    services.install(None)
    app.close()


def shape(value: Any) -> Any:
    """Return the keys of an answer without its values.

    Every scalar becomes a blank, since what is null now may have a value another time.
    """
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "" if value is None or isinstance(value, int | float | str) else value


def test_the_commands_of_the_documentation_run_and_answer_as_shown(server: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    script = PRELUDE + f"\necho; echo '{MARK}'\n".join(block for block, _ in BLOCKS)
    script = script.replace("http://127.0.0.1:8501", server).replace("script/mxm", f"{sys.executable} -m mxlib.cli")
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "MXM_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2_000:] + ran.stderr
    printed = ran.stdout.split(MARK)
    assert len(printed) == len(BLOCKS)
    for output, (block, shown) in zip(printed, BLOCKS, strict=True):
        if shown:
            answers = list(answers_in(output))
            assert shape(answers[-1]) == shape(json.loads(shown)), block
    assert (folder / "clienta.csv").read_bytes().startswith(b"\xef\xbb\xbfusername,password")
    assert "jan.jansen@clienta.nl" in (folder / "results.csv").read_text(encoding="utf-8-sig")


def answers_in(output: str) -> Iterator[Any]:
    """Yield the JSON answers that were printed, in order."""
    decoder, rest = json.JSONDecoder(), output.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        yield answer
        rest = rest[end:].strip()


def test_every_code_and_every_route_is_documented() -> None:
    for status, code in CODES.items():
        assert f"| {status} | `{code}` |" in DOCS
    for path in build().openapi()["paths"]:
        named = {"domain": "clienta.nl", "user": "nina.berg.2", "run": "$RUN", "number": "{number}"}
        written = path.format(**named, client="{id}", link="{id}")
        assert f"/api{written}" in DOCS or f"…/{written.rsplit('/')[-1]}" in DOCS, path
