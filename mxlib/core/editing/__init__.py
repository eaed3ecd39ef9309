"""Drafts of rows under edit, and the tools that change them."""
