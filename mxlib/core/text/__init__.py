"""Texts that pages, API and files share, rendered from codes and figures."""
