"""Validate every row before anything is sent."""
