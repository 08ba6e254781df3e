"""No pages of its own."""

from __future__ import annotations

from django.urls import path

from customers.views import whose

urlpatterns = [path("whose/", whose)]
