"""All settings, read once from the environment and from files of secrets."""

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mxlib import secret_files

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


#: The most days after which a deletion may be carried out.
MOST_DAYS_LATER = 3650


#: Fewest characters of the token that reads the metrics.
MIN_METRICS_TOKEN = 16


class MailSecurity(StrEnum):
    """Protection of mail on its way to the server that accepts it."""

    TLS = "tls"
    STARTTLS = "starttls"
    #: Not encrypted: it does not leave this machine.
    NONE = "none"
    #: By MXroute's SMTP API over https.
    API = "api"


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that accepts mail; the password is in no repr."""

    security: MailSecurity
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


_MAIL_PORTS = {"smtps": 465, "smtp": 587, "mxroute+https": 443}
_WRONG_MAIL_URL = (
    "MXM_SMTP_URL is not readable. Write smtps://USER:PASSWORD@HOST, smtp://USER:PASSWORD@HOST:587 or "
    "mxroute+https://USER:PASSWORD@HOST. In USER and PASSWORD, the signs @ : / # % are written %40 %3A %2F %23 %25."
)


def _mail_server(address: str) -> MailServer:
    """Read MXM_SMTP_URL; raises SettingsError, whose message shows nothing of it."""
    try:
        url = urlsplit(address)
        host, port = url.hostname or "", url.port or _MAIL_PORTS[url.scheme]
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, KeyError):
        raise SettingsError(_WRONG_MAIL_URL) from None
    user, password = unquote(url.username or ""), unquote(url.password or "")
    is_api = url.scheme == "mxroute+https"
    whole = bool(user) == bool(password) and (bool(user) or not is_api)
    if not host or not whole or url.path.strip("/") or url.query or url.fragment:
        raise SettingsError(_WRONG_MAIL_URL)
    if is_api:
        security = MailSecurity.API
    elif url.scheme == "smtps":
        security = MailSecurity.TLS
    else:
        security = MailSecurity.NONE if host in LOOPBACK else MailSecurity.STARTTLS
    return MailServer(security, host, port, user, password)


#: An address of mail, roughly: its recipient is checked when a mail is queued.
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


def _env(name: str, default: Any, description: str, **more: Any) -> Any:
    return Field(default, validation_alias=AliasChoices(name), description=description, **more)


def encrypted(address: str) -> bool:
    """Return whether data sent to `address` is encrypted, or does not leave this machine."""
    try:
        url = urlsplit(address)
        host = url.hostname
    except ValueError:
        return False
    return bool(host) and (url.scheme == "https" or (url.scheme == "http" and host in LOOPBACK))


def named_hosts(setting: str) -> frozenset[str]:
    """Return the hosts of MXM_NOTIFY_HOSTS: names or addresses, each with or without a port, comma-separated.

    Raises ValueError, whose message is the first part that fits neither.
    """
    return frozenset(_named_host(part) for each in setting.split(",") if (part := each.strip()))


def _named_host(part: str) -> str:
    host, port = part, ""
    if part.startswith("["):
        host, _, port = part[1:].partition("]")
        port = port.removeprefix(":")
    elif part.count(":") == 1:
        host, _, port = part.partition(":")
    host = host.lower().rstrip(".")
    fits = host and len(host) < 254 and all(sign.isalnum() or sign in "-._:" for sign in host) and host.isascii()
    if not fits or (port and not (port.isdecimal() and 0 < int(port[:6]) < 65_536)):
        raise ValueError(part)
    return f"{host}:{port}" if port else host


class SettingsError(Exception):
    """The settings cannot work; the message names the variable and what to do."""


class _SecretFiles(PydanticBaseSettingsSource):
    """The secrets that files hold, as pydantic-settings asks for them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing for a single field: all secrets are read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the secrets by variable; raises SettingsError."""
        assert issubclass(self.settings_cls, Settings)  # noqa: S101 - the only settings that have this source
        try:
            return dict(secret_files.read_secrets(self.settings_cls.secrets()))
        except secret_files.SecretFileError as error:
            raise SettingsError(str(error)) from None


class Settings(BaseSettings):
    """The settings of one server; frozen, secrets masked in every repr."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    server: str = _env("MX_SERVER", "", "Mail server host, as shown on MXroute's API keys page.")
    user: str = _env("MX_USER", "", "DirectAdmin user of the MXroute account.")
    api_key: SecretStr = _env(
        "MX_API_KEY", SecretStr(""), "MXroute API key. Without it the server starts on the sandbox."
    )
    api_url: str = _env(
        "MXROUTE_API_URL", "https://api.mxroute.com", "Base address of MXroute's API; https, or http on this machine."
    )
    data_dir: Path = _env("MXM_DATA_DIR", Path("data"), "Folder of the database and the keys.")
    secret_key: SecretStr = _env(
        "MXM_SECRET_KEY", SecretStr(""), "Key that encrypts the run keys; blank: created once in the data folder."
    )
    database_url: SecretStr = _env(
        "MXM_DATABASE_URL",
        SecretStr(""),
        "Database of PostgreSQL 13 or newer: postgresql+psycopg://USER:PASSWORD@HOST/DATABASE; blank: a file of SQLite "
        "in the data folder.",
    )
    backup_dir: str = _env("MXM_BACKUP_DIR", "", "Folder that gets a backup every night; blank: none is made.")
    backup_passphrase: SecretStr = _env(
        "MXM_BACKUP_PASSPHRASE", SecretStr(""), "Passphrase that encrypts backups, and is needed to restore them."
    )
    public_url: str = _env("MXM_PUBLIC_URL", "", "Address of the dashboard in the browser, for example behind a proxy.")
    portal_url: str = _env(
        "MXM_PORTAL_URL",
        "",
        "Address of the public pages, with a host name of its own; blank: they are at the address of the dashboard.",
    )
    trusted_proxies: str = _env(
        "MXM_TRUSTED_PROXIES",
        "",
        "Addresses or networks of proxies whose X-Forwarded-For is trusted, comma-separated.",
    )
    admin_user: str = _env("MXM_ADMIN_USER", "", "Name of the first admin, created at the start if no user has it.")
    admin_password: SecretStr = _env(
        "MXM_ADMIN_PASSWORD", SecretStr(""), "Password of the first admin; at least 12 characters, and hard to guess."
    )
    second_factor: Literal["", "required", "optional", "off"] = _env(
        "MXM_SECOND_FACTOR",
        "",
        "Second factor of people with a password: required, optional or off; "
        "blank: required with a real account, optional on the sandbox.",
    )
    oidc_issuer: str = _env("MXM_OIDC_ISSUER", "", "Issuer of the OpenID Connect provider where people sign in.")
    oidc_client_id: str = _env("MXM_OIDC_CLIENT_ID", "", "Client id of MXM at the provider.")
    oidc_client_secret: SecretStr = _env(
        "MXM_OIDC_CLIENT_SECRET", SecretStr(""), "Client secret of MXM at the provider."
    )
    oidc_admins: str = _env(
        "MXM_OIDC_ADMINS", "", "Email addresses, comma-separated, that become admins at their first sign-in."
    )
    session_idle_hours: float = _env(
        "MXM_SESSION_IDLE_HOURS", 8.0, "Hours without a request after which a session ends.", gt=0
    )
    session_hours: float = _env("MXM_SESSION_HOURS", 24.0, "Hours after which a session ends in any case.", gt=0)
    audit_days: int = _env("MXM_AUDIT_DAYS", 400, "Days for which audit entries are kept.", ge=1)
    usage_days: int = _env(
        "MXM_USAGE_DAYS", 400, "Days for which the use of each mailbox and domain is kept; 30 to 4000.", ge=30, le=4000
    )
    timezone: str = _env(
        "MXM_TIMEZONE",
        "UTC",
        "Time zone of days and of all times that are shown, such as Europe/Amsterdam. Messages sent count from 0 again"
        " at its midnight. Unless set, times are shown in the server's own zone.",
    )
    new_quota: int = _env(
        "MXM_NEW_QUOTA",
        1024,
        "Quota in MB of a new mailbox unless its row or client gives one; 0 = unlimited.",
        ge=0,
    )
    new_limit: int = _env("MXM_NEW_LIMIT", 9600, "Sends a day of a new mailbox if its row gives none.", ge=0, le=9600)
    max_file_mb: int = _env("MXM_MAX_FILE_MB", 10, "Largest file that an import accepts, in MB.", ge=1, le=200)
    max_rows: int = _env("MXM_MAX_ROWS", 10_000, "Largest number of rows that an import accepts.", ge=1)
    retention_days: int = _env(
        "MXM_RETENTION_DAYS", 7, "Days for which a run's passwords stay readable, unless chosen otherwise.", ge=1
    )
    delete_later_days: int = _env(
        "MXM_DELETE_LATER_DAYS",
        30,
        "Days from the lock of a mailbox to its deletion, unless another day is chosen; 1 to 3650.",
        ge=1,
        le=MOST_DAYS_LATER,
    )
    smtp_url: SecretStr = _env(
        "MXM_SMTP_URL",
        SecretStr(""),
        "Server that mail leaves by: smtps://USER:PASSWORD@HOST, smtp://USER:PASSWORD@HOST:587 (STARTTLS is required, "
        "except on this machine), or mxroute+https://USER:PASSWORD@HOST for MXroute's SMTP API; blank: no mail leaves.",
    )
    mail_from: str = _env("MXM_MAIL_FROM", "", "Sender of mails, such as MXM <mxm@agency.example>.")
    month_report_to: str = _env(
        "MXM_MONTH_REPORT_TO",
        "",
        "Email addresses, comma-separated, that get a mail with a link to the month of all clients on the 1st.",
    )
    mails_per_hour: int = _env("MXM_MAILS_PER_HOUR", 100, "Mails that leave in an hour at most.", ge=1, le=100_000)
    reset_minutes: int = _env(
        "MXM_RESET_MINUTES",
        60,
        "Minutes for which the link of a self-service reset lives; 20 to 1440.",
        ge=20,  # of three mails an hour, each new link needs one
        le=1_440,
    )
    metrics_token: SecretStr = _env(
        "MXM_METRICS_TOKEN",
        SecretStr(""),
        "Token with which Prometheus reads /metrics, of 16 characters or more; blank: only this machine may read it.",
    )
    heartbeat_url: SecretStr = _env(
        "MXM_HEARTBEAT_URL",
        SecretStr(""),
        "Address that is called every minute while MXM works, so that another service notices when it stops; https, "
        "or http on this machine.",
    )
    notify_hosts: str = _env(
        "MXM_NOTIFY_HOSTS",
        "",
        "Hosts in private networks, or without https, that notices may be sent to: names or addresses, with or without "
        "a port, comma-separated.",
    )
    log: Literal["text", "json"] = _env(
        "MXM_LOG", "text", "Lines of the log: text, or json for programs that collect logs."
    )
    timeout_s: float = _env("MXM_TIMEOUT", 30.0, "Seconds after which a request to MXroute counts as unanswered.", gt=0)
    lease_s: float = _env(
        "MXM_LEASE",
        10.0,
        "Seconds without a sign of life after which another MXM on the same database takes the runs over; 1 to 60.",
        ge=1,
        le=60,
    )
    sandbox_url: str = _env(
        "MXM_SANDBOX_URL",
        "",
        "Address of a sandbox that several servers share, as python -m mxlib.sandbox prints it; blank: one of its own.",
    )
    sandbox_window_s: float = _env(
        "MXM_SANDBOX_WINDOW", 60.0, "Seconds of the sandbox's rate limit window; shorter for demos and tests.", gt=0
    )
    sandbox_writes: int = _env("MXM_SANDBOX_WRITES", 20, "Writes that the sandbox allows per window.", ge=1)
    sandbox_reads: int = _env("MXM_SANDBOX_READS", 100, "Reads that the sandbox allows per window.", ge=1)
    sandbox_days: int = _env(
        "MXM_SANDBOX_DAYS", 60, "Days of invented history that a new sandbox has; 0 to 400.", ge=0, le=400
    )
    sandbox_domains: int = _env(
        "MXM_SANDBOX_DOMAINS",
        0,
        "Further domains of the sandbox, with about 24 mailboxes each; 0 to 200.",
        ge=0,
        le=200,
    )
    sandbox_big: bool = _env("MXM_SANDBOX_BIG", False, "Whether the sandbox also holds a domain of 10,000 mailboxes.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Read the environment, and secrets from files, too."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

    @property
    def sandbox(self) -> bool:
        """Return whether no account is set, so that the sandbox replaces the host."""
        return not self.api_key.get_secret_value()

    @property
    def zone_is_set(self) -> bool:
        """Return whether the time zone is set."""
        return "timezone" in self.model_fields_set

    @model_validator(mode="after")
    def _an_account_is_whole_and_its_key_travels_encrypted(self) -> Self:
        if not self.sandbox and not (self.server and self.user):
            missing = " and ".join(n for n, v in (("MX_SERVER", self.server), ("MX_USER", self.user)) if not v)
            raise SettingsError(f"MX_API_KEY is set but {missing} is not. Set it, or unset MX_API_KEY for the sandbox.")
        if self.sandbox_url and not self.sandbox:
            raise SettingsError("MX_API_KEY and MXM_SANDBOX_URL are set. Unset one: the sandbox replaces the account.")
        if self.sandbox_url and not encrypted(self.sandbox_url):
            raise SettingsError("MXM_SANDBOX_URL must start with https:// (http:// only for this machine).")
        if not encrypted(self.api_url):
            raise SettingsError("MXROUTE_API_URL must start with https:// (http:// only for this machine).")
        return self

    @model_validator(mode="after")
    def _days_have_a_time_zone(self) -> Self:
        try:
            ZoneInfo(self.timezone)
        except (OSError, ValueError, KeyError):  # a folder of the database of zones, a path, an unknown name
            raise SettingsError(
                "MXM_TIMEZONE is not the name of a time zone. Write one such as Europe/Amsterdam or UTC."
            ) from None
        return self

    @model_validator(mode="after")
    def _a_database_on_a_server_has_a_key_and_no_backups_here(self) -> Self:
        if self.database_url.get_secret_value().strip():
            if not self.secret_key.get_secret_value():
                raise SettingsError(
                    "MXM_DATABASE_URL is set but MXM_SECRET_KEY is not: the key cannot be in a file then. Set it to "
                    " a long random text, such as that of: openssl rand -hex 32"
                )
            if self.backup_dir:
                raise SettingsError(
                    "MXM_BACKUP_DIR and MXM_DATABASE_URL are set, but MXM backs up only a file of its own. Unset "
                    "MXM_BACKUP_DIR, and back up PostgreSQL as docs/backup.md describes."
                )
        return self

    @model_validator(mode="after")
    def _backups_have_a_passphrase(self) -> Self:
        if self.backup_dir and not self.backup_passphrase.get_secret_value():
            raise SettingsError(
                "MXM_BACKUP_DIR is set but MXM_BACKUP_PASSPHRASE is not. Set it, or unset MXM_BACKUP_DIR."
            )
        return self

    @model_validator(mode="after")
    def _a_provider_is_whole_and_speaks_encrypted(self) -> Self:
        parts = {
            "MXM_OIDC_ISSUER": self.oidc_issuer,
            "MXM_OIDC_CLIENT_ID": self.oidc_client_id,
            "MXM_OIDC_CLIENT_SECRET": self.oidc_client_secret.get_secret_value(),
        }
        present = [name for name, value in parts.items() if value]
        missing = " and ".join(name for name, value in parts.items() if not value)
        if present and missing:
            is_not = "are not" if " and " in missing else "is not"
            raise SettingsError(f"{present[0]} is set but {missing} {is_not}. Set all three, or none.")
        if self.oidc_admins and not present:
            raise SettingsError("MXM_OIDC_ADMINS is set but MXM_OIDC_ISSUER is not. Set it, or unset MXM_OIDC_ADMINS.")
        if self.oidc_issuer and not encrypted(self.oidc_issuer):
            raise SettingsError("MXM_OIDC_ISSUER must start with https:// (http:// only for this machine).")
        if strange := [name for name in self.admins_of_provider if not name.partition("@")[2]]:
            raise SettingsError(f"MXM_OIDC_ADMINS: {sorted(strange)[0]} is not an email address.")
        return self

    @model_validator(mode="after")
    def _mail_has_a_server_and_a_sender(self) -> Self:
        if (self.mail_server is not None) != bool(self.mail_from):
            given, missing = ("MXM_MAIL_FROM", "MXM_SMTP_URL") if self.mail_from else ("MXM_SMTP_URL", "MXM_MAIL_FROM")
            raise SettingsError(f"{given} is set but {missing} is not. Set both, or none.")
        if self.mail_from and self.mail_sender is None:
            raise SettingsError("MXM_MAIL_FROM is not a sender. Write an address, or MXM <mxm@agency.example>.")
        return self

    @model_validator(mode="after")
    def _who_watches_is_recognised_and_called_encrypted(self) -> Self:
        token = self.metrics_token.get_secret_value().strip()
        if token and (len(token) < MIN_METRICS_TOKEN or not token.isascii() or not token.isprintable()):
            raise SettingsError(
                f"MXM_METRICS_TOKEN has fewer than {MIN_METRICS_TOKEN} characters, or some beyond ASCII. "
                "Make one such as: openssl rand -hex 24"
            )
        address = self.heartbeat_url.get_secret_value().strip()
        if address and not encrypted(address):
            raise SettingsError("MXM_HEARTBEAT_URL must start with https:// (http:// only for this machine).")
        return self

    @model_validator(mode="after")
    def _the_month_goes_to_addresses(self) -> Self:
        strange = [each for each in self.month_report_recipients if not _ADDRESS.fullmatch(each)]
        if strange:
            raise SettingsError(f"MXM_MONTH_REPORT_TO: {strange[0]} is not an email address.")
        if self.month_report_to and not self.mail_from and not self.sandbox:
            raise SettingsError("MXM_MONTH_REPORT_TO is set but MXM_SMTP_URL is not. Set it, or unset the other.")
        return self

    @property
    def month_report_recipients(self) -> tuple[str, ...]:
        """Return the addresses in MXM_MONTH_REPORT_TO, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.month_report_to.split(",") if name.strip()))

    @model_validator(mode="after")
    def _hosts_of_notices_are_hosts(self) -> Self:
        try:
            named_hosts(self.notify_hosts)
        except ValueError as error:
            raise SettingsError(
                f"MXM_NOTIFY_HOSTS: {error} is no host. Write names or addresses such as ntfy.lan or 10.0.0.5:8080."
            ) from None
        return self

    @property
    def mail_server(self) -> MailServer | None:
        """Return the server that mail leaves by; None while none is set."""
        url = self.smtp_url.get_secret_value().strip()
        return _mail_server(url) if url else None

    @property
    def mail_sender(self) -> Address | None:
        """Return the sender of mails; None while none is set."""
        name, address = parseaddr(self.mail_from)
        username, at, domain = address.rpartition("@")
        if not (username and at and domain) or not self.mail_from.isprintable():
            return None
        try:
            return Address(name, username, domain.encode("idna").decode())
        except ValueError:  # UnicodeError is one
            return None

    @property
    def admins_of_provider(self) -> frozenset[str]:
        """Return the addresses in MXM_OIDC_ADMINS, in lower case."""
        return frozenset(name.strip().lower() for name in self.oidc_admins.split(",") if name.strip())

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the variables that hold a secret: a file may set each of them."""
        fields = cls.model_fields.values()
        return tuple(_variable(field) for field in fields if field.annotation is SecretStr)

    @classmethod
    def variables(cls) -> dict[str, tuple[str, str]]:
        """Return each environment variable with its default and meaning, as docs/settings.md shows them."""
        table: dict[str, tuple[str, str]] = {}
        for setting in cls.model_fields.values():
            default = "" if isinstance(setting.default, SecretStr) else str(setting.default)
            table[_variable(setting)] = (default, setting.description or "")
        return table


def _variable(setting: FieldInfo) -> str:
    """Return the environment variable of a field."""
    alias = setting.validation_alias
    assert isinstance(alias, AliasChoices)  # noqa: S101 - every field is made by _env
    return str(alias.choices[0])
