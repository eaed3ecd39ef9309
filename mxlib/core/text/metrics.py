"""Texts about the figures for monitoring."""

TOKEN_NEEDED = "The metrics need the token of MXM_METRICS_TOKEN: Authorization: Bearer TOKEN."  # noqa: S105 - a text
THIS_MACHINE_ONLY = (
    "The metrics are for programs on this machine, at its own address. Set MXM_METRICS_TOKEN and restart to read them "
    "from elsewhere."
)
