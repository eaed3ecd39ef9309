"""HTTP routes besides Streamlit's own: probes, health, the API, downloads, old addresses."""

from starlette.routing import BaseRoute

from mxlib.api import app
from mxlib.web import audit_downloads, downloads, health, metrics, old_addresses, probes

routes: list[BaseRoute] = [
    *probes.routes,
    *health.routes,
    *metrics.routes,
    *app.routes,
    *downloads.routes,
    *audit_downloads.routes,
    *old_addresses.routes,
]
