"""A small app with tenants, for the unit tests."""
