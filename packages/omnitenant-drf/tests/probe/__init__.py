"""A small API of tenants, for the unit tests."""
