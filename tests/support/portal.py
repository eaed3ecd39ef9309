"""The public pages over links that a test makes up, behind the access middleware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.portal_throttle import PortalThrottle
from mxlib.core.links import LinkPurpose, OpenedLink, PageState, RecoveryProblem, SetResult
from mxlib.core.password_rules import check_new_password, words_of
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from mxlib.web.portal.pages import PortalPages
from mxlib.web.portal.portal_services import PortalServices, Sender
from tests.support import sign_in as people
from tests.support.sign_in import ManualClock

PORTAL, DASHBOARD = "https://password.agency.example", "https://mxm.agency.example"
#: Tokens of 43 characters, as links have them.
TOKEN, OTHER = "invented-token-" + "A" * 28, "invented-token-" + "B" * 28
ADDRESS = "sanne.devries@bakkerij-zonneveld.example"
GOOD = "Violet-canoe-7-harbour"


class FakeLinks:
    """Links by their tokens; `answer` is what the host makes of a password that follows the rules."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.links: dict[str, OpenedLink] = {}
        self.opened: list[tuple[str, bool]] = []
        self.passwords: list[str] = []
        self.answer = SetResult(done=True, state=PageState.SPENT)
        self.recovery_emails: list[str] = []
        self.error: Exception | None = None

    def add(self, token: str = TOKEN, state: PageState = PageState.LIVING, **more: Any) -> OpenedLink:
        now = self._clock.now()
        values: dict[str, Any] = {
            "address": ADDRESS, "name": "Sanne de Vries", "valid_from": now - 60.0, "expires_at": now + 14 * 86_400.0,
            "help": "support@agency.example", "agency": "Agency Example", "server": "mail.example.com",
        }  # fmt: skip
        self.links[token] = OpenedLink(state, **(values | more))
        return self.links[token]

    def open(self, token: str, *, opened: bool) -> OpenedLink:
        if self.error:
            raise self.error
        self.opened.append((token, opened))
        return self.links.get(token, OpenedLink(PageState.UNKNOWN))

    def set_password(self, token: str, password: str, again: str, *, address: str = "", network: str = "") -> SetResult:
        link = self.links[token]
        if problems := check_new_password(password, again, words_of(link.address, link.name, link.agency)):
            return SetResult(done=False, problems=problems)
        if self.answer.done:
            self.passwords.append(password)
            self.add(token, PageState.SPENT)
        return self.answer

    def email(self, token: str) -> str:
        return "sanne@private.example"

    def give(self, token: str, email: str) -> RecoveryProblem | None:
        if "@" not in email:
            return RecoveryProblem.INVALID
        if email == ADDRESS:
            return RecoveryProblem.OWN_ADDRESS
        self.recovery_emails.append(email)
        return None

    def confirm(self, token: str, *, address: str = "") -> bool:
        self.recovery_emails.append("confirmed")
        return True


@dataclass
class PortalApp:
    """The public pages and what they were asked to do."""

    app: Starlette
    clock: ManualClock
    links: FakeLinks
    sender: Sender
    resets: list[tuple[str, str]] = field(default_factory=list)
    offers_reset: bool = True

    def client(self, address: str = PORTAL, language: str = "en", network: str = "203.0.113.7") -> TestClient:
        """Return a browser at an address, which speaks a language."""
        headers = {"Accept-Language": language, "Accept": "text/html"}
        return TestClient(
            self.app, base_url=address, headers=headers, client=(network, 50_000), raise_server_exceptions=False
        )

    def post(
        self, path: str, fields: Mapping[str, str], *, language: str = "en", origin: str | None = PORTAL, **more: Any
    ) -> Any:
        """Send a form as a browser does, and follow no redirect."""
        headers = {} if origin is None else {"Origin": origin}
        client = self.client(more.pop("address", PORTAL), language, **more)
        return client.post(path, data=dict(fields), headers=headers, follow_redirects=False)


async def _dashboard(request: Request) -> Response:
    return PlainTextResponse(f"dashboard {request.url.path}")


def make(folder: Path, *, portal_url: str = PORTAL, public_url: str = DASHBOARD) -> PortalApp:
    """Return the public pages next to a dashboard that answers everything else."""
    clock = ManualClock()
    settings = Settings(data_dir=folder, portal_url=portal_url, public_url=public_url)
    store = Store.open(folder / FILE, clock)
    links = FakeLinks(clock)
    made = PortalApp(Starlette(), clock, links, Sender("Agency Example", "support@agency.example", "en"))
    services = PortalServices(
        clock,
        links,
        links,
        PortalThrottle(store, clock),
        sender=lambda: made.sender,
        request_reset=lambda address, network: made.resets.append((address, network)),
        is_reset_offered=lambda: made.offers_reset,
        server="mail.example.com",
    )
    made.app = Starlette(
        routes=[Route("/{path:path}", _dashboard, methods=["GET", "POST", "PUT", "DELETE"])],
        middleware=[
            Middleware(
                AccessMiddleware,
                settings=settings,
                authenticator=lambda: people.open_entrance(settings),
                portal=PortalPages(lambda: services),
            )
        ],
    )
    return made


__all__ = ["GOOD", "OTHER", "TOKEN", "LinkPurpose", "PortalApp", "make"]
