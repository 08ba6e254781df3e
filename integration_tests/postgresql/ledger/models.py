"""Two tables that every schema has: who it is, and what was written for it."""

from __future__ import annotations

from django.db import models


class Sign(models.Model):
    """The one row that names the schema it stands in."""

    name = models.TextField()


class Entry(models.Model):
    """A row that names the schema it was written for."""

    token = models.TextField(unique=True)
    owner = models.TextField()
