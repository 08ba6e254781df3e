"""The addresses of the world."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from world import admin as _registered  # noqa: F401 - registers the models
from world import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(api.router.urls)),
]
