"""Secrets from files, so that none is in the environment: as systemd, Compose and Kubernetes hand them over."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

#: The folder of a service's credentials, as systemd names it.
CREDENTIALS = "CREDENTIALS_DIRECTORY"

#: End of the name of a variable that names the file of a secret.
SUFFIX = "_FILE"

#: The most bytes of a secret.
MAX_BYTES = 4_096


class SecretFileError(Exception):
    """A secret cannot be taken from its file. The message shows nothing of its content."""


def read_secrets(names: Iterable[str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the secrets among `names` that files hold.

    The file of NAME is the one that NAME_FILE names, or NAME in the folder of credentials. Raises SecretFileError for
    a file that holds no secret, and for a secret that is set twice.
    """
    found = {}
    for name in names:
        places = _places(name, environment)
        if len(places) > 1:
            raise SecretFileError(f"{name} is set twice: by {' and by '.join(places)}. Keep one of them.")
        for place, path in places.items():
            if path is not None:
                found[name] = _read(place, path)
    return found


def _places(name: str, environment: Mapping[str, str]) -> dict[str, Path | None]:
    """Return what sets a secret, with its file; None stands for the variable itself."""
    places: dict[str, Path | None] = {}
    if environment.get(name):
        places[name] = None
    if given := environment.get(name + SUFFIX):
        places[name + SUFFIX] = Path(given)
    if folder := environment.get(CREDENTIALS):
        path, place = Path(folder, name), f"{name} in {CREDENTIALS}"
        try:
            if path.exists():
                places[place] = path
        except (OSError, ValueError):  # no permission, for example: reading says so
            places[place] = path
    return places


def _read(place: str, path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep the start waiting
            raise SecretFileError(f"{place}: {path} is not a file.")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path of a file"
        raise SecretFileError(f"{place}: {path} cannot be read ({why}).") from None
    if len(content) > MAX_BYTES:
        raise SecretFileError(f"{place}: {path} has more than {MAX_BYTES} bytes. Write the secret alone into it.")
    try:
        secret = content.decode()
    except UnicodeDecodeError:
        raise SecretFileError(f"{place}: {path} is no text. Write the secret into it as UTF-8.") from None
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret.strip():  # a blank MXM_SECRET_KEY would let MXM create another key
        raise SecretFileError(f"{place}: {path} is empty. Write the secret into it, or remove the setting.")
    if not secret.isprintable():
        raise SecretFileError(f"{place}: {path} has more than one line, or signs that cannot be printed.")
    return secret
