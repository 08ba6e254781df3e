"""An app with models of every shape that can belong to tenants, for the unit tests."""
