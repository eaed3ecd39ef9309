"""The HTTP face of the services."""
