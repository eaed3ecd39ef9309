"""The files of deployment fit the project and each other, and are valid for the programs that read them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from mxlib.secret_files import SUFFIX
from mxlib.services.container import DRAIN_S
from mxlib.settings import Settings

ROOT = Path(__file__).parents[2]
IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
DEPLOY = ROOT / "deploy"
CADDYFILE = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "mxm.service").read_text(encoding="utf-8")
ADMIN = (DEPLOY / "mxm-admin").read_text(encoding="utf-8")

#: Seconds within which a server that is asked to stop has ended.
STOPS_WITHIN = 30


def tool(name: str) -> str:
    """Return the path of a program that requirements-dev.lock installs."""
    path = Path(sys.executable).with_name(name)
    assert path.exists(), f"{name} is missing. Run script/prepare requirements-dev.txt."
    return str(path)


def said_by(*command: str, **environment: str) -> str:
    """Run a program that has to succeed, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def settings_of(text: str) -> dict[str, list[str]]:
    """Return the values of each setting of a unit."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_every_setting_in_the_files_of_deployment_exists() -> None:
    texts = (IMAGE, CADDYFILE, COMPOSE_TEXT, UNIT, ADMIN)
    named = {name for text in texts for name in re.findall(r"\bMXM?(?:ROUTE)?_[A-Z_]+", text)}
    assert named <= Settings.variables().keys() | {name + SUFFIX for name in Settings.secrets()}


# The image.


def test_the_dockerfile_has_no_finding_of_hadolint() -> None:
    assert said_by(tool("hadolint"), str(ROOT / "Dockerfile")) == ""


def test_the_image_runs_without_root_and_keeps_its_data_in_a_volume() -> None:
    last = IMAGE.rpartition("FROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)
    assert "MXM_DATA_DIR=/data" in last
    assert "mxm:/data" in COMPOSE["services"]["mxm"]["volumes"]


def test_the_server_of_the_image_gets_the_signals_and_is_probed() -> None:
    assert json.loads(IMAGE.rpartition("\nCMD ")[2]) == ["mxm", "serve"]
    probe = re.search(r"HEALTHCHECK .*\\\n\s+CMD (.*)", IMAGE)
    assert probe is not None
    assert "http://127.0.0.1:8501/live" in json.loads(probe[1])[-1]


def test_the_image_is_built_from_what_the_wheel_needs_with_hashes() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*allowed} == {
        "mxlib",
        "pages",
        "app.py",
        ".streamlit",
        "script/prepare",
        "pyproject.toml",
        "requirements.txt",
        "requirements.lock",
        "requirements-build.lock",
    }
    assert all((ROOT / name).exists() for name in allowed)
    copied = re.findall(r"^COPY (?!--from)(\S+)", IMAGE, re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)
    from_an_index = re.findall(r"pip install (.*?)(?: \\)?$", IMAGE, re.MULTILINE)
    assert all("--require-hashes" in line or "--no-deps /wheels" in line for line in from_an_index)
    assert "--require-hashes" in (ROOT / "script" / "prepare").read_text(encoding="utf-8")


# Compose.


def test_compose_yaml_keeps_to_the_specification() -> None:
    compose = PyCompose.from_yaml(COMPOSE_TEXT)
    compose.validate()
    assert compose.service_names() == ["mxm", "caddy"]


def test_only_the_proxy_has_a_published_port_and_it_is_trusted() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert services["mxm"]["environment"]["MXM_TRUSTED_PROXIES"] == network["subnet"]
    port = re.search(r"STREAMLIT_SERVER_PORT=(\d+)", IMAGE)
    assert port is not None
    assert services["caddy"]["environment"]["UPSTREAM"] == f"mxm:{port[1]}"
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in services["caddy"]["volumes"]


def test_the_container_may_write_its_volume_and_temporary_files_alone() -> None:
    mxm = COMPOSE["services"]["mxm"]
    assert mxm["read_only"] is True
    assert [place.partition(":")[0] for place in mxm["tmpfs"]] == ["/tmp"]
    assert (mxm["cap_drop"], mxm["security_opt"]) == (["ALL"], ["no-new-privileges:true"])


def test_no_secret_of_compose_is_in_the_environment() -> None:
    mxm = COMPOSE["services"]["mxm"]
    assert {*mxm["environment"]}.isdisjoint(Settings.secrets())
    for name in mxm["secrets"]:
        assert name in Settings.secrets()
        assert mxm["environment"][name + SUFFIX] == f"/run/secrets/{name}"
        assert COMPOSE["secrets"][name] == {"file": f"./secrets/{name}"}
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")


# Time to stop.


def test_both_managers_wait_until_a_server_has_stopped() -> None:
    assert DRAIN_S < STOPS_WITHIN
    assert int(COMPOSE["services"]["mxm"]["stop_grace_period"].removesuffix("s")) > STOPS_WITHIN
    assert int(settings_of(UNIT)["TimeoutStopSec"][0]) > STOPS_WITHIN


# Caddy.


@pytest.mark.parametrize(
    "sites",
    [
        {},
        {"MXM_PUBLIC_URL": "https://mxm.agency.example", "MXM_PORTAL_URL": "https://password.agency.example"},
        {"MXM_PUBLIC_URL": "https://mxm.agency.example", "MXM_PORTAL_URL": "http://localhost:8404"},
    ],
)
def test_the_caddyfile_is_valid_and_formatted(tmp_path: Path, sites: dict[str, str]) -> None:
    path, home = str(DEPLOY / "Caddyfile"), {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    said_by(tool("caddy"), "validate", "--adapter", "caddyfile", "--config", path, **home, **sites)
    assert said_by(tool("caddy"), "fmt", path, **home) == CADDYFILE
    adapted = said_by(tool("caddy"), "adapt", "--config", path, **home, **sites, UPSTREAM="mxm:8501")
    servers = json.loads(adapted)["apps"]["http"]["servers"]
    assert {server["read_header_timeout"] for server in servers.values()} == {10_000_000_000}
    assert adapted.count('"dial":"mxm:8501"') == 2
    assert adapted.count('"uri":"/ready"') == 2
    assert '"regexp":"^/(password|recovery)/.*"' in adapted


# systemd.


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not on this machine: its checks of the unit are left out.")
    path = tmp_path / "mxm.service"
    path.write_text(UNIT.replace("/opt/mxm/bin/mxm", sys.executable), encoding="utf-8")
    return path


def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_leaves_its_service_little_room(unit: Path) -> None:
    said_by("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", str(unit))


def test_no_secret_of_the_service_is_in_its_environment() -> None:
    found = settings_of(UNIT)
    credentials = [value.partition(":") for value in found["LoadCredential"]]
    assert {name for name, _, _ in credentials} == {"MX_API_KEY", "MXM_SECRET_KEY"}
    assert all(path == f"/etc/mxm/secrets/{name}" for name, _, path in credentials)
    assert {value.partition("=")[0] for value in found["Environment"]}.isdisjoint(Settings.secrets())
    for value in found["LoadCredential"]:
        assert f"--property=LoadCredential={value}" in ADMIN


def test_the_command_of_the_service_is_valid_shell_and_has_its_settings() -> None:
    said_by("sh", "-n", str(DEPLOY / "mxm-admin"))
    assert os.access(DEPLOY / "mxm-admin", os.X_OK)
    for name in ("User", "Group", "UMask", "EnvironmentFile", "WorkingDirectory"):
        assert f"--property={name}={settings_of(UNIT)[name][0]}" in ADMIN
