"""Where the pages are."""

from __future__ import annotations

from django.urls import path

from customers import views

urlpatterns = [
    path("plain/", views.plain),
    path("kept/", views.kept),
    path("fragment/", views.fragment),
    path("session/", views.session),
    path("written/", views.written),
]
