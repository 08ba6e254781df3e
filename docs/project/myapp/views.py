"""The views that the pages describe."""

from django.http import HttpResponse

from myapp.models import Project


def projects(request):
    """List the projects of whoever is asking."""
    if request.tenant is None:
        return HttpResponse("The master")
    names = ", ".join(Project.objects.order_by("name").values_list("name", flat=True))
    return HttpResponse(f"{request.tenant.name}: {names}")


def health(request):
    """Tell a probe that the site answers."""
    return HttpResponse("ok")
