"""Views without a word about tenants, but for the line that shows who is asking."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from customers.models import Tenant
from projects.forms import ProjectForm
from projects.models import Project


def home(request: HttpRequest) -> HttpResponse:
    """Show a customer its projects and a form; on the master's host, the list of customers."""
    tenant: Tenant | None = request.tenant  # type: ignore[attr-defined]  # set by TenantMiddleware
    if tenant is None:
        tenants = Tenant.objects.prefetch_related("domains").order_by("tenant_id")
        return render(request, "customers/list.html", {"tenants": tenants})
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("home")
    cache.add("visits", 0)
    context = {
        "form": form,
        "projects": Project.objects.all(),
        "place": place(),
        "visits": cache.incr("visits"),
    }
    return render(request, "projects/list.html", context)


def project(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one project; another customer's does not exist here."""
    found = get_object_or_404(Project, pk=pk)
    return render(request, "projects/detail.html", {"project": found, "place": place()})


def place() -> str:
    """Name the file that holds the rows of whoever is asking: ``default`` means here."""
    return str(connection.settings_dict["NAME"])
