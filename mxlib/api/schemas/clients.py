"""Clients in requests and responses."""

from pydantic import Field
from typing_extensions import TypedDict

from mxlib.api.schemas.requests import Body
from mxlib.core.clients import LANGUAGES, ClientDetails, Contact, Terms
from mxlib.services.clients import Client

#: The fields of terms, as the API names them.
FIELDS = {"default_quota": "defaults.quota", "max_quota": "caps.quota", "max_mailboxes": "caps.mailboxes"}


class ContactShape(TypedDict):
    """A person to write to; a blank language means the client's."""

    name: str
    address: str
    language: str


class DefaultsShape(TypedDict):
    """The quota of a new mailbox in MB; null = the default of MXM."""

    quota: int | None


class CapsShape(TypedDict):
    """The largest quota (MB) and number of mailboxes; null = no cap."""

    quota: int | None
    mailboxes: int | None


class ClientShape(TypedDict):
    """A client, with those of its domains that the token may view.

    Contacts and notes are for admins. `version` differs after every change of what is shown.
    """

    id: int
    name: str
    domains: list[str]
    contacts: list[ContactShape]
    language: str
    defaults: DefaultsShape
    caps: CapsShape
    notes: str
    self_service: bool
    version: str


def client(found: Client) -> ClientShape:
    """Return one client."""
    details = found.details
    terms = details.terms
    return {
        "id": found.id,
        "name": details.name,
        "domains": list(details.domains),
        "contacts": [
            {"name": each.name, "address": each.address, "language": each.language} for each in details.contacts
        ],
        "language": details.language,
        "defaults": {"quota": terms.default_quota},
        "caps": {"quota": terms.max_quota, "mailboxes": terms.max_mailboxes},
        "notes": details.notes,
        "self_service": details.self_service,
        "version": found.version,
    }


class DefaultsBody(Body):
    """Defaults of new mailboxes of a client."""

    quota: int | None = Field(default=None, description="MB, 0 = unlimited; null = the default of MXM", examples=[2048])


class CapsBody(Body):
    """Caps of a client."""

    quota: int | None = Field(default=None, description="MB of one mailbox; null = no cap", examples=[10240])
    mailboxes: int | None = Field(default=None, description="Mailboxes in all; null = no cap", examples=[50])


class ContactBody(Body):
    """A person to write to."""

    name: str = ""
    address: str = Field("", examples=["kim@clienta.nl"])
    language: str = Field("", description=f"One of {', '.join(LANGUAGES)}; blank = the client's")


class ClientRequest(Body):
    """A client."""

    name: str = Field("", examples=["Client A"])
    domains: list[str] = Field([], description="A domain belongs to one client", examples=[["clienta.nl"]])
    contacts: list[ContactBody] = Field([])
    language: str = Field("", description=f"One of {', '.join(LANGUAGES)}", examples=["nl"])
    defaults: DefaultsBody = Field(default_factory=DefaultsBody)
    caps: CapsBody = Field(default_factory=CapsBody)
    notes: str = Field("", description="For admins only")
    self_service: bool = Field(
        default=False, description="Whether people may reset the passwords of its mailboxes themselves"
    )

    def details(self, before: ClientDetails | None = None) -> ClientDetails:
        """Return the whole client: what was sent, over what there was before."""
        old, given = before or ClientDetails("", ()), self.model_fields_set
        terms = old.terms
        return ClientDetails(
            name=self.name if "name" in given else old.name,
            domains=tuple(self.domains) if "domains" in given else old.domains,
            contacts=tuple(_contact(each) for each in self.contacts) if "contacts" in given else old.contacts,
            language=self.language if "language" in given else old.language,
            terms=Terms(
                self.defaults.quota if "quota" in self.defaults.model_fields_set else terms.default_quota,
                self.caps.quota if "quota" in self.caps.model_fields_set else terms.max_quota,
                self.caps.mailboxes if "mailboxes" in self.caps.model_fields_set else terms.max_mailboxes,
            ),
            notes=self.notes if "notes" in given else old.notes,
            self_service=self.self_service if "self_service" in given else old.self_service,
        )


class ClientChangeRequest(ClientRequest):
    """A change of a client; what is not given stays as it is."""

    version: str = Field("", description="The version that was read; another one by now refuses the change")


def _contact(body: ContactBody) -> Contact:
    return Contact(body.name, body.address, body.language)
