"""`pip install .` into a new virtual environment: the `mxm` command, and the server that it starts."""

import json
import re
import socket
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from mxlib import __version__
from script.streamlit_tab import Tab
from tests.browser.driver import BRISK, ROOT, Server, foreign_to_us

OFFLINE = ("install", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation")

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


class ReadTab(Tab):
    """A tab that keeps what it received."""

    content = b""

    def _hear(self, data: bytes) -> None:
        self.content += data
        super()._hear(data)


@dataclass
class Installation:
    """A virtual environment with MXM, and an empty folder to work in."""

    venv: Path
    folder: Path

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        return next(self.venv.glob("lib/python*/site-packages"))

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the shell that runs the tests, such as a PYTHONPATH that leads to the checkout."""
        kept = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        return foreign_to_us(kept | BRISK) | BRISK | {"MXM_DATA_DIR": str(self.folder / "data")}

    def run(self, program: str, *arguments: str) -> str:
        """Output of one of its programs."""
        done = subprocess.run(
            [self.venv / "bin" / program, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def serve(self) -> Server:
        """Start `mxm serve` on a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self.folder / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [self.venv / "bin" / "mxm", "serve", "--server.port", str(port)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return Server(process, log, self.folder / "data", f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install without an index: requirements and build backend are those of the virtual environment of the tests."""
    made = Installation(tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("elsewhere"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.venv], check=True)
    (made.packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", made.venv, *OFFLINE, ROOT],
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def server(installed: Installation) -> Iterator[Server]:
    started = installed.serve()
    try:
        started.wait_until_it_serves()
        yield started
    finally:
        started.stop()


def get(url: str, token: str) -> Any:
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10) as answer:
        return json.load(answer)


def test_only_mxlib_is_at_the_top_of_the_installed_packages(installed: Installation) -> None:
    assert {path.name for path in installed.packages.iterdir()} == {
        "mxlib",
        f"mxm-{__version__}.dist-info",
        "requirements.pth",
    }


def test_the_installed_release_requires_what_requirements_txt_names(installed: Installation) -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    named = {line.split("#")[0].strip().lower() for line in lines} - {""}
    release = Distribution.at(installed.packages / f"mxm-{__version__}.dist-info")
    assert {requirement.lower() for requirement in release.requires or ()} == named


def test_the_tests_build_with_the_release_s_own_backend() -> None:
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    pinned = re.findall(r"^\S+==\S+", (ROOT / "requirements-build.txt").read_text(), re.MULTILINE)
    assert set(backend) == set(pinned)


def test_the_command_prints_its_version_and_uses_nothing_of_the_checkout(installed: Installation) -> None:
    assert installed.run("mxm", "--version") == f"MXM {__version__}"
    assert installed.run("mxm", "serve", "--help").startswith("usage: mxm serve ")
    where = installed.run("python", "-c", "import mxlib; print(mxlib.__file__)")
    assert Path(where).is_relative_to(installed.packages)


def test_the_installed_server_serves_pages_and_the_api(installed: Installation, server: Server) -> None:
    token = installed.run("mxm", "token", "create", "monitor", "--admin")
    assert get(f"{server.url}/health", token)["version"] == __version__
    assert "clienta.nl" in json.dumps(get(f"{server.url}/api/domains", token))
    for page in ("", "jobs", "import"):
        tab = ReadTab(server.url, page=page).open()
        tab.wait()
        tab.close()
        assert not tab.failed, server.output()
        assert f"MXM {__version__}".encode() in tab.content
        assert b"This page stopped" not in tab.content


def test_the_health_check_of_the_image_sees_the_server(installed: Installation, server: Server) -> None:
    image = (ROOT / "Dockerfile").read_text()
    check = re.search(r"^HEALTHCHECK .*\n +CMD (\[.+\])$", image, re.MULTILINE)
    assert check is not None
    program, *arguments = json.loads(check[1].replace("127.0.0.1:8501", server.url.removeprefix("http://")))
    installed.run(program, *arguments)


def test_the_installed_server_has_the_settings_of_the_checkout(server: Server) -> None:
    output = server.output()
    assert output.splitlines()[0] == f"MXM: {server.url} (Ctrl+C stops it)"
    assert "Traceback" not in output
    assert "Collecting usage statistics" not in output
