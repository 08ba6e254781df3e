"""A small Django project with models of every shape."""
