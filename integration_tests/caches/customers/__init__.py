"""The tenants of this project."""
