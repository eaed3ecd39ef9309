"""Dockerfile, compose.yaml and Caddyfile fit the project and each other, as far as reading them shows."""

import re
from pathlib import Path
from typing import Any

import yaml

from mxlib.settings import Settings

ROOT = Path(__file__).parents[2]
IMAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_every_setting_in_the_container_files_exists() -> None:
    texts = (IMAGE, CADDYFILE, (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    named = {name for text in texts for name in re.findall(r"\bMXM?(?:ROUTE)?_[A-Z_]+", text)}
    assert named <= Settings.variables().keys()


def test_the_image_runs_without_root_and_keeps_its_data_in_a_volume() -> None:
    last = IMAGE.rpartition("FROM ")[2]
    assert re.search(r"^USER mxm$", last, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)
    assert "MXM_DATA_DIR=/data" in last
    assert "mxm:/data" in COMPOSE["services"]["mxm"]["volumes"]


def test_the_image_is_built_from_what_the_wheel_needs() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*allowed} == {
        "mxlib",
        "pages",
        "app.py",
        ".streamlit",
        "pyproject.toml",
        "requirements.txt",
        "requirements.lock",
        "requirements-build.lock",
    }
    assert all((ROOT / name).exists() for name in allowed)


def test_only_the_proxy_has_a_published_port_and_it_is_trusted() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert services["mxm"]["environment"]["MXM_TRUSTED_PROXIES"] == network["subnet"]
    port = re.search(r"STREAMLIT_SERVER_PORT=(\d+)", IMAGE)
    assert port is not None
    assert f"reverse_proxy mxm:{port[1]}" in CADDYFILE
    assert f"127.0.0.1:{port[1]}/health" in IMAGE
