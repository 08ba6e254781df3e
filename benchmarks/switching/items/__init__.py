"""One table that every schema has."""
