"""Fixes of what validation finds: suggested values, groups of rows with one problem, and their undo."""
