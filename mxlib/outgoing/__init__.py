"""Requests to others than MXroute and a mail server, and their users: channels and probes."""
