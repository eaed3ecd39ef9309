"""The HTTP API of the services."""
