"""Files of the dashboard, and the start of its server.

Imports the standard library only: `script/server` prints its address before anything large is loaded.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

_INSTALLED = Path(__file__).with_name("_dashboard")

#: Folder of app.py, pages/ and .streamlit/: next to this file where MXM is installed, else the checkout.
FOLDER = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[1]

#: The page that Streamlit runs first.
ENTRY_PAGE = Path(__file__).with_name("ui") / "shell" / "main.py"

#: Ports that are tried when none is chosen.
_PORTS = range(8501, 8601)


def serve(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> NoReturn:
    """Print the address and become Streamlit's server; `arguments` are for `streamlit run`."""
    options = list(arguments)
    address = _option(options, "--server.address") or environment.get("STREAMLIT_SERVER_ADDRESS") or "127.0.0.1"
    port = _option(options, "--server.port") or environment.get("STREAMLIT_SERVER_PORT")
    if not port:
        # Chosen here, so that the printed address is the served one when another server has the usual port.
        port = str(_free_port(address))
        options = ["--server.port", port, *options]
    host = f"[{address}]" if ":" in address else address
    print(_first_line(f"http://{host}:{port}", environment), flush=True)  # noqa: T201 - the terminal is where it is read
    # -P: Streamlit's settings and the data folder come from the working directory, but no modules.
    command = [
        sys.executable,
        "-P",
        "-m",
        "streamlit",
        "run",
        str(FOLDER / "app.py"),
        "--logger.hideWelcomeMessage",
        "true",
    ]
    os.execv(sys.executable, [*command, *options])  # noqa: S606 - a service manager stops this very process


def _first_line(address: str, environment: Mapping[str, str]) -> str:
    """Return the line with the address; as JSON where the log is."""
    if environment.get("MXM_LOG", "").strip().lower() != "json":
        return f"MXM: {address} (Ctrl+C stops it)"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, "level": "info", "logger": "mxlib", "message": "MXM starts", "address": address})


def _option(arguments: Sequence[str], name: str) -> str:
    """Return the last value of an option, as `NAME VALUE` or `NAME=VALUE`; blank without one."""
    value = ""
    for at, argument in enumerate(arguments):
        if argument == name:
            value = "".join(arguments[at + 1 : at + 2])
        elif argument.startswith(f"{name}="):
            value = argument.partition("=")[2]
    return value


def _free_port(address: str) -> int:
    """Return the first free port.

    Without any, the first of all, so that Streamlit reports the problem.
    """
    for port in _PORTS:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    return _PORTS[0]


if __name__ == "__main__":
    serve(sys.argv[1:])
