"""The product's own database: every SQL statement lives here."""
