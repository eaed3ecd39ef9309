"""The use cases, shared by pages, API and command line."""

from mxlib.services.container import (
    Services,
    build,
    close_services,
    current,
    install,
    leave_requests_behind,
    open_services,
)
from mxlib.store import Unwritable
from mxlib.store.encryption import Unreadable

__all__ = [
    "Services",
    "Unreadable",
    "Unwritable",
    "build",
    "close_services",
    "current",
    "install",
    "leave_requests_behind",
    "open_services",
]
