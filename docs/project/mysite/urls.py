"""The site's pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from myapp.views import health, projects

urlpatterns = [
    path("", projects, name="projects"),
    path("health/", health),
    path("admin/", admin.site.urls),
]
