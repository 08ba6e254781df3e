"""URLs of the probe's views, by name."""

from __future__ import annotations

from django.urls import path

from probe import views

urlpatterns = [
    path(f"{name}/", getattr(views, name), name=name)
    for name in (
        "who",
        "awho",
        "boom",
        "careless",
        "leaving",
        "linked",
        "changing",
        "stream",
        "astream",
        "file",
    )
] + [path("", views.who, name="home")]
