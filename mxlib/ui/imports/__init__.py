"""The import, from upload to confirmation."""
