"""URLs of the probe's API."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from probe import views

router = SimpleRouter()
for name, viewset in views.VIEWSETS.items():
    router.register(name, viewset, basename="project" if name == "projects" else name)

urlpatterns = [
    path("", include(router.urls)),
    path("generic/", views.Projects.as_view()),
    path("generic/<int:pk>/", views.OneProject.as_view()),
    path("many/", views.ManyProjects.as_view()),
    path("projects/<int:project>/tasks/", views.TasksOfProject.as_view()),
    path("first-then-duplicate/", views.FirstThenDuplicate.as_view()),
    path("careful/", views.Careful.as_view()),
    path("fail/<slug:kind>/", views.fail),
    path("elsewhere/<slug:tenant_id>/", views.elsewhere),
    path("who/", views.who),
    path("members/", views.ForMembers.as_view()),
    path("throttled/", views.Throttled.as_view()),
]
