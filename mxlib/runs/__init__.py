"""Runs: each planned row is sent once, and its result is reported as it is."""
