"""The HTTP face of the services."""

from starlette.routing import BaseRoute

from mxlib.api import app, downloads, health, trail

routes: list[BaseRoute] = [*health.routes, *app.routes, *downloads.routes, *trail.routes]
