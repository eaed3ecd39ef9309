"""Profiles for Apple's Mail: settings of a mailbox, no password, and the same one each time."""

import plistlib

from mxlib.core import apple_profile

SERVER = "arrow.mxrouting.example"


def test_a_profile_has_all_settings_and_no_password() -> None:
    made = plistlib.loads(apple_profile.make("jo@a.nl", SERVER, name="Jo Roe", agency="Agency"))
    [mail] = made["PayloadContent"]
    assert (made["PayloadOrganization"], mail["EmailAccountName"]) == ("Agency", "Jo Roe")
    assert mail["IncomingMailServerUsername"] == mail["OutgoingMailServerUsername"] == mail["EmailAddress"] == "jo@a.nl"
    assert mail["IncomingMailServerHostName"] == mail["OutgoingMailServerHostName"] == SERVER
    assert (mail["IncomingMailServerPortNumber"], mail["IncomingMailServerUseSSL"]) == (993, True)
    assert not any(key in mail for key in ("IncomingPassword", "OutgoingPassword"))


def test_a_device_replaces_the_profile_of_the_same_mailbox() -> None:
    assert apple_profile.make("jo@a.nl", SERVER) == apple_profile.make("jo@a.nl", SERVER)
    marks = {plistlib.loads(apple_profile.make(f"{name}@a.nl", SERVER))["PayloadUUID"] for name in ("jo", "al")}
    assert len(marks) == 2
    [mail] = plistlib.loads(apple_profile.make("jo@a.nl", SERVER))["PayloadContent"]
    assert "EmailAccountName" not in mail
