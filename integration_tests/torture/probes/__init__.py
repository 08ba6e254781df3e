"""The probes, a module for each topic or two."""
