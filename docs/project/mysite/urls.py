"""The site's pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from myapp.views import projects

urlpatterns = [path("", projects), path("admin/", admin.site.urls)]
