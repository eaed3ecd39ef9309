"""Files that password managers import.

Bitwarden: https://bitwarden.com/help/condition-bitwarden-import/. 1Password: the header of its own example,
https://support.1password.com/import/. A program reads them, so that no cell is guarded against formulas: a guard would
change passwords.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from mxlib.core import client_setup
from mxlib.core.handover.letters import Recipient

_BITWARDEN = (
    "folder", "favorite", "type", "name", "notes", "fields", "reprompt",
    "login_uri", "login_username", "login_password", "login_totp",
)  # fmt: skip
_ONE_PASSWORD = ("Title", "Website", "Username", "Password", "Notes")


def bitwarden_csv(recipients: Iterable[Recipient], server: str, folder: str) -> bytes:
    """Return logins for Bitwarden, in UTF-8; `folder` groups them there."""
    return _csv(
        _BITWARDEN,
        (
            (folder, "", "login", each.address, _notes(each, server), "", "", server, each.address, each.password, "")
            for each in recipients
        ),
    )


def one_password_csv(recipients: Iterable[Recipient], server: str) -> bytes:
    """Return logins for 1Password, in UTF-8."""
    return _csv(
        _ONE_PASSWORD,
        ((each.address, server, each.address, each.password, _notes(each, server)) for each in recipients),
    )


def _notes(recipient: Recipient, server: str) -> str:
    ports = ", ".join(f"{each.name} {each.port}" for each in client_setup.SERVICES)
    return "\n".join(filter(None, (recipient.name, f"{server}: {ports}, {client_setup.SECURITY}")))


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return held.getvalue().encode()
