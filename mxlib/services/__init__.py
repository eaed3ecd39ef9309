"""The use cases, shared by pages, API and command line."""

from mxlib.services.desk import Services, build, close_services, current, install, open_services

__all__ = ["Services", "build", "close_services", "current", "install", "open_services"]
