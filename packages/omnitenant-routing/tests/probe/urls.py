"""URLs that write where a view is told to."""

from __future__ import annotations

from django.urls import path

from probe import views

urlpatterns = [
    path("write/<str:text>/", views.write),
    path("fail/<str:text>/", views.write_and_fail),
    path("notes/", views.notes),
]
