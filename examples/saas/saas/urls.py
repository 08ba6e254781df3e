"""One set of URLs for everybody; the host says who is asking."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from projects import views

urlpatterns = [
    path("", views.home, name="home"),
    path("projects/<int:pk>/", views.project, name="project"),
    path("admin/", admin.site.urls),
]
