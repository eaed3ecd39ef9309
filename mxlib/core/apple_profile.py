"""Configuration profiles for Apple's Mail: all settings of a mailbox but its password, which the device asks for."""

import plistlib
from uuid import NAMESPACE_URL, uuid5

from mxlib.core.client_setup import SERVICES

#: What a browser and a device take for a profile.
MEDIA_TYPE, FILE_NAME = "application/x-apple-aspen-config", "mail.mobileconfig"

_PORTS = {service.name: service.port for service in SERVICES}


def make(address: str, server: str, *, name: str = "", agency: str = "") -> bytes:
    """Return the profile of a mailbox; the same one for the same address and server.

    Its identifiers stay, so that a device that has it already replaces it.
    """
    mark = uuid5(NAMESPACE_URL, f"mailto:{address}?server={server}")
    identifier = f"{'.'.join(reversed(server.split('.')))}.{mark}"
    mail = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.mail",
        "PayloadUUID": str(uuid5(mark, "mail")).upper(),
        "PayloadDisplayName": address,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": address,
        "EmailAccountName": name,
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": server,
        "IncomingMailServerPortNumber": _PORTS["IMAP"],
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": address,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": server,
        "OutgoingMailServerPortNumber": _PORTS["SMTP"],
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(mark).upper(),
        "PayloadDisplayName": address,
        "PayloadOrganization": agency or server,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [mail if name else {key: value for key, value in mail.items() if key != "EmailAccountName"}],
    }
    return plistlib.dumps(profile)
