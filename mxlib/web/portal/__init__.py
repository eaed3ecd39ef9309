"""The public pages: for people who have no account here, and see nothing of the dashboard."""

from mxlib import services
from mxlib.auth.portal_throttle import PortalThrottle
from mxlib.web.portal.pages import PortalPages
from mxlib.web.portal.portal_services import PortalServices, Sender


def _services() -> PortalServices:
    """Return what the pages need of the services of this process."""
    opened = services.current()
    return PortalServices(
        clock=opened.clock,
        links=opened.password_links,
        recovery=opened.recovery_links,
        throttle=PortalThrottle(opened.store, opened.clock),
        sender=lambda: _sender(opened),
        request_reset=opened.self_service.request,
        is_reset_offered=opened.self_service.is_offered,
        server=opened.settings.server,
        sandbox=opened.on_sandbox,
    )


def _sender(opened: services.Services) -> Sender:
    """Return the sender of all clients."""
    stored = opened.handover_texts.general()
    return Sender(stored.letterhead.agency, stored.letterhead.help_address, stored.language)


app = PortalPages(_services)
