"""The host: what to ask it, how to read its answers, and how fast."""
