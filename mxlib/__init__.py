"""MXM, the mailbox manager for MXroute."""

#: The release; pyproject.toml takes it from here.
__version__ = "0.1.0"
