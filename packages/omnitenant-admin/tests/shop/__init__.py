"""An app of a project, and its admin."""
