"""The HTTP face of the services."""

from starlette.routing import BaseRoute

from mxlib.api.app import routes as api
from mxlib.api.downloads import routes as downloads
from mxlib.api.health import routes as health

routes: list[BaseRoute] = [*health, *api, *downloads]
