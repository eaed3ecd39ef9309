"""Exports of other systems, recognised by their headers, and the meanings of their columns.

Only the names of columns are kept, as Google's and Microsoft's admin pages, cPanel's `list_pops_with_disk` and
DirectAdmin's `CMD_EMAIL_POP` write them. A column that an export does not have by itself is left to the common
aliases.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pyarrow.compute as pc

from mxlib.core import arrow_text, headers
from mxlib.core.arrow_text import Mask
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping.mapping import IGNORE
from mxlib.core.schema import FIRST_NAME, LAST_NAME, NAME

_MARKED = re.compile(rf"\]\s*(?:{'|'.join(sorted(headers.NEED_MARKS))})\s*$", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\[\]]*\]|\(yes/no\)", re.IGNORECASE)


_YES = ("yes", "true", "1")

#: Columns that say whether a user is suspended, and the cells that say so, in lower case.
_SUSPENDED = {
    "status": ("suspended", "archived"),
    "new status": ("suspended", "archived"),
    "suspended": _YES,
    "suspended_login": _YES,
    "block credential": _YES,
    "block sign in": _YES,
    "accountenabled": ("false", "no"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """An export of another system.

    `required` are sets of columns; a header that has all columns of one set is this export. `used` maps a meaning to
    columns, best first. `unused` are its columns that MXM has no use for. All names are as `_key` makes them.
    """

    name: str
    required: tuple[frozenset[str], ...]
    used: MappingProxyType[str, tuple[str, ...]]
    unused: frozenset[str] = field(repr=False)

    def meanings(self, header: Sequence[str]) -> dict[int, str]:
        """Return the meanings of a header's columns by position, for `mapping.detect_columns`."""
        at = {key: position for position, key in reversed(list(enumerate(map(_key, header))))}
        own = self.unused.union(*self.used.values())
        found = {at[key]: IGNORE for key in own & at.keys()}
        for meaning, columns in self.used.items():
            best = next((at[key] for key in columns if key in at), None)
            if best is not None:
                found[best] = meaning
        return found


def find(header: Sequence[str]) -> Preset | None:
    """Return the export that a header belongs to; None when it matches no preset."""
    keys = frozenset(map(_key, header))
    return next((preset for preset in PRESETS if any(columns <= keys for columns in preset.required)), None)


def suspended(sheet: Sheet) -> Mask:
    """Return which rows of an export are users that are suspended there."""
    found = np.zeros(len(sheet), dtype=bool)
    for at, name in enumerate(sheet.header):
        if says := _SUSPENDED.get(_key(name)):
            found |= arrow_text.is_among(pc.utf8_lower(arrow_text.stripped(sheet.table.column(at))), says)
    return found


def _key(name: str) -> str:
    """Normalise a header: `Email Address [Required]` becomes `email address`.

    Underscores stay, since cPanel's `_diskquota` is in bytes.
    """
    bare = _BRACKETED.sub(" ", _MARKED.sub("]", headers.shown(name)))
    return " ".join(bare.casefold().split())


def _preset(name: str, required: Sequence[str], used: dict[str, str], unused: str) -> Preset:
    return Preset(
        name,
        tuple(_columns(columns) for columns in required),
        MappingProxyType({meaning: tuple(_listed(columns)) for meaning, columns in used.items()}),
        _columns(unused),
    )


def _columns(listed: str) -> frozenset[str]:
    return frozenset(_listed(listed))


def _listed(columns: str) -> list[str]:
    return [column.strip() for column in columns.split(",")]


PRESETS = (
    _preset(
        "Microsoft Entra template",
        ("name, user name, initial password",),
        {
            ADDRESS: "user name",
            "password": "initial password",
            "recovery_email": "alternate email address",
            NAME.name: "name",
        },
        "block sign in, first name, last name, job title, department, usage location, street address, state or "
        "province, country or region, office, city, zip or postal code, office phone, mobile phone",
    ),
    _preset(
        "Proton template",
        ("displayname, emailaddresses, password", "displayname, emailaddress, password, vpnaccess"),
        {ADDRESS: "emailaddresses, emailaddress", "password": "password", NAME.name: "displayname"},
        "vpnaccess, privatesubuser",
    ),
    _preset(
        "Google Workspace users export",
        ("email address, org unit path", "first name, last name, email address, password hash function"),
        {
            ADDRESS: "email address",
            "password": "password",
            "recovery_email": "recovery email",
            FIRST_NAME.name: "first name",
            LAST_NAME.name: "last name",
        },
        "password hash function, org unit path, new primary email, status, last sign in, "
        "home secondary email, work secondary email, recovery phone, work phone, home phone, mobile phone, "
        "work address, home address, employee id, employee type, employee title, manager email, department, "
        "cost center, 2sv enrolled, 2sv enforced, building id, floor name, floor section, email usage, drive usage, "
        "photos usage, storage limit, storage used, total storage, change password at next sign-in, new status, "
        "licenses, new licenses, advanced protection program enrollment",
    ),
    _preset(
        "Microsoft 365 users export",
        (
            "user principal name, display name",
            "userprincipalname, displayname",
            "username, display name, alternate email address",
        ),
        {
            ADDRESS: "user principal name, userprincipalname, username",
            "password": "password",
            "recovery_email": "alternate email address, alternate email addresses, alternateemailaddress",
            NAME.name: "display name, displayname",
        },
        "first name, last name, title, job title, department, office, office number, office phone, "
        "phone number, mobile phone, fax, address, street address, city, state, state or province, stateorprovince, "
        "zip or postal code, postal code, country or region, country/region, countryorregion, usage location, "
        "preferred data location, preferred language, licenses, license assignment details, block credential, "
        "dirsyncenabled, last dirsync time, last password change time stamp, oath token meta data, object id, "
        "password never expires, strong password required, proxy addresses, release track, "
        "soft deletion time stamp, when created, agegroup, "
        "surname, mail, givenname, objectid, id, usertype, jobtitle, accountenabled, usagelocation, "
        "streetaddress, country, physicaldeliveryofficename, officelocation, postalcode, telephonenumber, mobile, "
        "mobilephone, authenticationphonenumber, authenticationalternativephonenumber, authenticationemail, "
        "consentprovidedforminor, legalagegroupclassification, companyname, creationtype, directorysynced, "
        "invitationstate, identityissuer, createddatetime",
    ),
    _preset(
        "list of a cPanel server",
        ("email, login, domain", "email, diskquota", "email, suspended_login", "email, humandiskquota"),
        {
            ADDRESS: "email",
            "domain": "domain",
            "password": "password",
            "quota": "diskquota, txtdiskquota, humandiskquota, quota",
        },
        "user, login, _diskused, _diskquota, diskused, diskusedpercent, diskusedpercent20, diskusedpercent_float, "
        "humandiskused, mtime, hold_outgoing, has_suspended, suspended_login, suspended_incoming, suspended_outgoing",
    ),
    _preset(
        "list of a DirectAdmin server",
        ("account, usage, sent", "account, login, usage", "account, usage, suspended", "account, login, quota"),
        {
            "username": "account",
            ADDRESS: "login",
            "password": "password",
            "quota": "quota",
            "limit": "limit, send limit",
            "domain": "domain",
        },
        "usage, usage_bytes, apparent_usage, imap_bytes, emails, sent, suspended, last_password_change, outlook",
    ),
)
