"""The site's pages."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from myapp.admin import office
from myapp.api import ProjectViewSet
from myapp.views import health, projects
from omnitenant_routing.files.views import serve

api = DefaultRouter()
api.register("projects", ProjectViewSet)

urlpatterns = [
    path("", projects, name="projects"),
    path("health/", health),
    path("admin/", admin.site.urls),
    path("office/", office.urls),
    path("api/", include(api.urls)),
    path("media/<path:path>", serve),
]
