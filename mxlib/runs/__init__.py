"""Runs: what was planned is done once, and told truthfully."""
