"""The use cases, shared by pages, API and command line."""

from mxlib.services.desk import Services, close_services, current, install, open_services

__all__ = ["Services", "close_services", "current", "install", "open_services"]
