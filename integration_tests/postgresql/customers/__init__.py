"""The tenants of this project, and what they own."""
