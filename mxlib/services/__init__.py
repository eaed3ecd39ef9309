"""The use cases, shared by pages, API and command line."""
