"""The use cases, shared by pages, API and command line."""

from mxlib.services.container import (
    Services,
    build,
    close_services,
    current,
    install,
    leave_requests_behind,
    open_services,
    opened,
)
from mxlib.store import StoreUnavailable
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.errors import OUT_OF_FILES

__all__ = [
    "OUT_OF_FILES",
    "DecryptionFailed",
    "Services",
    "StoreUnavailable",
    "build",
    "close_services",
    "current",
    "install",
    "leave_requests_behind",
    "open_services",
    "opened",
]
