"""A model without a tenant key: here the schema alone tells whose rows they are."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Item(models.Model):
    """Something to get and to change."""

    name = models.CharField(max_length=50)
    price = models.IntegerField(default=0)

    objects: ClassVar[models.Manager[Item]] = models.Manager()
