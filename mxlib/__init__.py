"""MXM, the mailbox manager for MXroute."""

#: The release, the same as in pyproject.toml.
__version__ = "0.1.0"
