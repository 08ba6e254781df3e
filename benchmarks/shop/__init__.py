"""The models of the same shop, kept apart by us."""
