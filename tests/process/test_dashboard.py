"""How the server of the dashboard starts: the printed address, the port, and what Streamlit is given."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mxlib import __version__, cli, dashboard

ROOT = Path(__file__).parents[2]


class Replaced(Exception):
    """The process would be another program now."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that this process would become."""
    command: list[str] = []

    def execv(program: str, arguments: list[str]) -> None:
        assert program == arguments[0] == sys.executable
        command[:] = arguments[1:]
        raise Replaced

    monkeypatch.setattr(os, "execv", execv)
    return command


@pytest.mark.parametrize(
    ("arguments", "environment", "address"),
    [
        (["--server.port", "8600"], {}, "127.0.0.1:8600"),
        (["--server.port=8600", "--server.address=localhost"], {}, "localhost:8600"),
        (["--server.address", "::1", "--server.port", "8600"], {}, "[::1]:8600"),
        ([], {"STREAMLIT_SERVER_PORT": "8700", "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, "0.0.0.0:8700"),
        (["--server.port", "8600"], {"STREAMLIT_SERVER_PORT": "8700"}, "127.0.0.1:8600"),
    ],
)
def test_the_printed_address_is_the_one_that_was_chosen(
    started: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    environment: dict[str, str],
    address: str,
) -> None:
    with pytest.raises(Replaced):
        dashboard.serve(arguments, environment)
    assert capsys.readouterr().out == f"MXM: http://{address} (Ctrl+C stops it)\n"
    assert started[:4] == ["-P", "-m", "streamlit", "run"]
    assert Path(started[4]) == ROOT / "app.py"
    assert started[-len(arguments) :] == arguments or not arguments


def test_a_taken_port_is_left_to_the_server_that_has_it(
    started: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(dashboard, "_PORTS", range(taken, taken + 50))
        with pytest.raises(Replaced):
            dashboard.serve([], {})
    port = started[started.index("--server.port") + 1]
    assert taken < int(port) < taken + 50
    assert f":{port} " in capsys.readouterr().out


def test_the_command_hands_the_options_of_serve_to_streamlit(started: list[str]) -> None:
    with pytest.raises(Replaced):
        cli.main(["serve", "--server.port", "8600", "--theme.base", "dark"])
    assert started[-4:] == ["--server.port", "8600", "--theme.base", "dark"]


def test_every_other_command_refuses_options_that_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["user", "list", "--server.port", "8600"])
    assert "unrecognized arguments: --server.port 8600" in capsys.readouterr().err


def test_the_version_needs_no_data_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"MXM {__version__}\n"


@pytest.mark.parametrize(("script", "module"), [("server", "mxlib.dashboard"), ("mxm", "mxlib.cli")])
def test_the_scripts_prepare_and_pass_their_arguments_on(tmp_path: Path, script: str, module: str) -> None:
    for name, text in {
        f"script/{script}": (ROOT / "script" / script).read_text(encoding="utf-8"),
        "script/prepare": '#!/usr/bin/env bash\necho "prepare $@"\n',
        ".venv/bin/python": '#!/usr/bin/env bash\necho "$@"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [tmp_path / "script" / script, "--one", "2"], cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["prepare requirements.txt", f"-m {module} --one 2"]
