"""An app whose references between rows of tenants are enforced by the database."""
