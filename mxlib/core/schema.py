"""The columns of a mailbox table, each declared once. Files, pages, the API and the plan derive from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

#: Characters of a cell with a meaning. A longer one makes its row invalid, and no rule reads all of it.
MAX_CELL_LENGTH = 1_000

#: Characters that a cell of a spreadsheet can hold.
MAX_TEXT_LENGTH = 32_767

#: MXroute's highest limit of sends a day.
MAX_SENDS_PER_DAY = 9600

#: The text that a page shows instead of a password; a cell that has it is never saved.
MASK = "••••••••"


class Masking(StrEnum):
    """Places where a password may hide in a cell that should hold something else."""

    #: Next to a name or an address, never in place of it.
    ADDRESS = "address"
    #: Also in place of the value.
    VALUE = "value"
    #: As a word of its own in a text with any other words.
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A possible meaning of a file's column, with everything that the code knows of it."""

    #: Its name in files, in the API and in the database.
    name: str
    #: Its name on pages, in a sentence about one cell, and in a sentence about the whole column.
    label: str
    noun: str
    plural: str
    #: Headers that mean it, that mean it unless another column may, and that only suggest it. Letters and digits alone.
    aliases: str = ""
    loose: str = ""
    likely: str = ""
    #: Its contents in a file, as the upload page explains them; `{quota}` and `{limit}` are replaced by the defaults.
    help: str = ""
    is_required: bool = False
    is_number: bool = False
    #: A password: masked on pages, never quoted, never written to an export.
    is_secret: bool = False
    #: Stored in MXM's own database, since MXroute cannot store it.
    is_stored_here: bool = False
    is_lower_case: bool = False
    #: Whether one value for many rows makes sense.
    fits_many: bool = False
    masking: Masking = Masking.ADDRESS
    max_length: int = MAX_CELL_LENGTH
    #: Its width in the preview in pixels, and the help of its header there.
    width: int = 100
    grid_help: str | None = None
    #: Its cells in the two example rows of the template.
    examples: tuple[str, str] = ("", "")

    @property
    def title(self) -> str:
        """Its noun with a capital: to start a sentence, or as a header without a unit."""
        return self.noun.capitalize()


USERNAME = Column(
    name="username",
    label="Username",
    noun="username",
    plural="usernames",
    aliases="username user login localpart",
    likely="account accountname samaccountname mailboxname postfach benutzer benutzername gebruiker "
    "gebruikersnaam utilisateur nomdutilisateur usuario nombredeusuario utente nomeutente uzytkownik",
    help="the part before the @; or a full address",
    is_required=True,
    is_lower_case=True,
    width=150,
    examples=("jan.jansen", "info"),
)
PASSWORD = Column(
    name="password",
    label="Password",
    noun="password",
    plural="passwords",
    aliases="password pass",
    likely="passwd pwd initialpassword temporarypassword wachtwoord passwort kennwort motdepasse contrasena senha "
    "haslo",
    help="blank = generated, when that is ticked",
    is_secret=True,
    width=130,
)
QUOTA = Column(
    name="quota",
    label="Quota (MB)",
    noun="quota",
    plural="quotas",
    aliases="quota",
    likely="diskquota mailboxsize mailboxquota storage opslag speicher speicherplatz",
    help="MB, 0 = unlimited; blank = {quota}",
    is_number=True,
    fits_many=True,
    masking=Masking.VALUE,
    examples=("1024", ""),
)
LIMIT = Column(
    name="limit",
    label="Daily send limit",
    noun="limit",
    plural="limits",
    aliases="limit dailylimit sendlimit",
    likely="sendinglimit dailysendlimit verzendlimiet",
    help=f"sends a day, 0 to {MAX_SENDS_PER_DAY}; blank = {{limit}}",
    is_number=True,
    fits_many=True,
    masking=Masking.VALUE,
    width=125,
)
RECOVERY_EMAIL = Column(
    name="recovery_email",
    label="Recovery email",
    noun="recovery email",
    plural="recovery emails",
    aliases="recoveryemail recovery recoveryaddress",
    likely="alternateemail alternateemailaddress secondaryemail privateemail personalemail backupemail "
    "emailprivat privatemail emailprive "
    "herstelemail hersteladres priveemail wiederherstellungsemail",
    help="where the owner may later reset the password",
    is_stored_here=True,
    is_lower_case=True,
    masking=Masking.VALUE,
    width=200,
    examples=("jan@example.net", ""),
)
DOMAIN = Column(
    name="domain",
    label="Domain",
    noun="domain",
    plural="domains",
    aliases="domain",
    likely="domein domaene domane domaine dominio domena",
    help="blank = the default domain, chosen on the Import page",
    is_lower_case=True,
    fits_many=True,
    masking=Masking.VALUE,
    width=120,
    grid_help="Blank = the default domain.",
    examples=("example.com", "example.com"),
)

NAME = Column(
    name="name",
    label="Full name",
    noun="full name",
    plural="full names",
    aliases="fullname displayname anzeigename vollständigername vollstaendigername volledigenaam weergavenaam "
    "nomcomplet nombrecompleto nombreparamostrar nomecompleto",
    loose="name naam",
    likely="person employee medewerker mitarbeiter",
    help="the person's full name; `-` clears it",
    is_stored_here=True,
    masking=Masking.TEXT,
    max_length=120,
    width=140,
    examples=("Jan Jansen", ""),
)

#: The columns of a row, in the order of files.
SCHEMA = (USERNAME, PASSWORD, QUOTA, LIMIT, RECOVERY_EMAIL, DOMAIN, NAME)

# Meanings of a file's columns that are not columns of a row: other columns are filled from them.
ADDRESS = Column(
    name="address",
    label="Email address",
    noun="address",
    plural="addresses",
    aliases="email mailbox address emailaddress userprincipalname",
    likely="mail primaryemail primarysmtpaddress workemail emailadres mailadres emailadresse mailadresse adressemail "
    "adresseemail courriel correo correoelectronico indirizzoemail adresemail",
    is_lower_case=True,
)
FIRST_NAME = Column(
    name="first_name",
    label="First name",
    noun="first name",
    plural="first names",
    likely="first firstname givenname forename voornaam roepnaam vorname prenom nombre nome imie fornavn fornamn",
)
PARTICLE = Column(
    name="particle",
    label="Particle (van der)",
    noun="particle",
    plural="particles",
    likely="particle infix tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels",
)
LAST_NAME = Column(
    name="last_name",
    label="Last name",
    noun="last name",
    plural="last names",
    likely="last lastname surname familyname achternaam nachname familienname nom apellido apellidos cognome "
    "sobrenome nazwisko etternavn efternavn efternamn",
)
#: The parts of a full name, in order. Usernames can be made of them, and they fill a blank name.
NAME_PARTS = (FIRST_NAME, PARTICLE, LAST_NAME)

#: Every meaning that a file's column may have, in the order of the choices on pages.
MEANINGS: Mapping[str, Column] = {
    column.name: column for column in (USERNAME, ADDRESS, *(each for each in SCHEMA if each != USERNAME), *NAME_PARTS)
}

#: The names of the columns, in the order of files.
COLUMNS = tuple(column.name for column in SCHEMA)

#: The columns in the order of pages: username and domain are next to each other, so that they read as an address.
SHOWN = (USERNAME, DOMAIN, *(column for column in SCHEMA if column not in (USERNAME, DOMAIN)))

#: The columns for values of a mailbox other than its password: a row may change them, and results show them.
VALUES = tuple(column for column in SCHEMA if column.is_number or column.is_stored_here)

#: The columns whose values are stored in MXM's own database.
STORED_HERE = tuple(column for column in SCHEMA if column.is_stored_here)

#: The columns of a table of rows besides those of the file, with their values in a row added by hand.
#: line: physical line in the file, 0 when added by hand. ticked: whether the operator wants it sent.
#: generated: whether MXM generated the password. origin: position in the sheet's rows, negative when added by hand;
#: unique in a draft.
#: fault, fault_column: what reading found wrong with the row, and the column whose cell an edit has to fix.
ROW_METADATA: dict[str, object] = {
    "line": 0,
    "ticked": True,
    "generated": False,
    "origin": -1,
    "fault": "",
    "fault_column": "",
}

DTYPES: dict[str, str] = {
    **dict.fromkeys(COLUMNS, "str"),
    "line": "int64",
    "ticked": "bool",
    "generated": "bool",
    "origin": "int64",
    "fault": "str",
    "fault_column": "str",
}


def make_rows(cells: dict[str, list[str]], **besides: object) -> pd.DataFrame:
    """Build a table of rows from whole columns of text.

    A column that is missing is blank; missing metadata is that of a row added by hand.
    """
    count = len(next(iter(cells.values()), []))
    data: dict[str, object] = {name: cells.get(name, [""] * count) for name in COLUMNS}
    data |= {name: besides.get(name, [blank] * count) for name, blank in ROW_METADATA.items()}
    return pd.DataFrame(data).astype(DTYPES)
