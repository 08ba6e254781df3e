"""Runs the views of a model admin for the tenant that the operator chose.

The rows of a page are the tenant's; the operator is somebody of the master. So the user's permissions, the
session and the admin's log are read and written in the master, wherever in the page that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from omnitenant_admin import _choice, _pages
from omnitenant_admin._log import logged
from omnitenant_admin._urls import url_name, url_of
from omnitenant_admin.permissions import OPERATING_FOR, is_for_master
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.propagation import bind, bind_async_iterator, bind_iterator
from omnitenant_context.scope import MASTER, tenant_scope

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from omnitenant_admin.mixins import TenantRestrictAdminMixin
    from omnitenant_context.scope import Scope
    from omnitenant_models.tenants import BaseTenant

    View = Callable[..., HttpResponseBase]

__all__ = ["for_chosen_tenant"]

_OF_USER = (
    "has_perm",
    "has_perms",
    "has_module_perms",
    "get_all_permissions",
    "get_group_permissions",
    "get_user_permissions",
)
_OF_SESSION = ("load", "exists", "create", "save", "delete", "cycle_key", "flush")
_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def for_chosen_tenant(model_admin: TenantRestrictAdminMixin, patterns: Iterable[Any]) -> list[Any]:
    """Return URL patterns whose views run for the chosen tenant, those of nested patterns included.

    Args:
        model_admin: whose views they are.
        patterns: what ``get_urls()`` gives.
    """
    found: list[Any] = []
    for each in patterns:
        if isinstance(each, URLResolver):
            nested = for_chosen_tenant(model_admin, each.url_patterns)
            found.append(URLResolver(each.pattern, nested, each.default_kwargs, each.app_name, each.namespace))
        else:
            view = _for_chosen_tenant(model_admin, each.callback, each.name)
            found.append(URLPattern(each.pattern, view, each.default_args, each.name))
    return found


def _for_chosen_tenant(model_admin: TenantRestrictAdminMixin, view: View, name: str | None) -> View:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not model_admin.admin_site.has_permission(request):
            return view(request, *args, **kwargs)  # which leads to the login
        if not is_for_master(request):
            raise PermissionDenied
        tenant_id = _choice.named(request)
        if tenant_id is None:
            proposal = _proposal(model_admin, request, kwargs.get("object_id"))
            if proposal is not None:
                return _uncached(HttpResponseRedirect(_choice.with_param(request.get_full_path(), proposal)))
            return _uncached(_ask(model_admin, request, name, ""))
        try:
            tenant = _choice.admit(model_admin.get_tenants(request), tenant_id, model_admin.model)
        except OmnitenantError as error:
            return _uncached(_ask(model_admin, request, name, str(error)))
        response = _run(tenant, request, view, *args, **kwargs)
        if isinstance(response, HttpResponseRedirect):
            return _kept_in_tenant(response, model_admin, tenant)
        return _pages.framed(response, model_admin, request, tenant)

    return wrapper


def _proposal(model_admin: TenantRestrictAdminMixin, request: HttpRequest, object_id: str | None) -> str | None:
    """Return the tenant for a page that is opened without one."""
    if request.method not in _READING:
        return None
    found = _choice.linked(request)
    if found is None and object_id is not None and _comes_from_index(model_admin, request):
        # The links there are to rows that the operator changed, for whichever tenant that was.
        found = logged(request, model_admin.model, object_id)
    return found or _choice.remembered(request)


def _comes_from_index(model_admin: TenantRestrictAdminMixin, request: HttpRequest) -> bool:
    index = reverse("admin:index", current_app=model_admin.admin_site.name)
    return urlsplit(request.headers.get("referer", "")).path == index


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    # The admin says so of its own pages; what was chosen a moment ago must not be answered with later.
    add_never_cache_headers(response)
    return response


def _ask(
    model_admin: TenantRestrictAdminMixin, request: HttpRequest, name: str | None, reason: str
) -> HttpResponseBase:
    """Answer with the page where a tenant is chosen, or lead there; it stands at the address of the list."""
    tenant_id = _choice.named(request)
    if request.method in _READING and name == url_name(model_admin, "changelist"):
        if not model_admin.has_view_or_change_permission(request):
            raise PermissionDenied
        if reason:
            model_admin.message_user(request, reason, messages.WARNING, fail_silently=True)
        return _pages.chooser(model_admin, request)
    url = url_of(model_admin, "changelist")
    if tenant_id is not None:
        return HttpResponseRedirect(_choice.with_param(url, tenant_id))  # where the reason is said
    if request.method in _READING:
        reason = _("choose a tenant first")
    else:
        reason = _("that page did not say for which tenant it was, so nothing was changed; choose a tenant")
    model_admin.message_user(request, reason, messages.WARNING, fail_silently=True)
    return HttpResponseRedirect(url)


def _run(tenant: BaseTenant, request: HttpRequest, view: View, *args: Any, **kwargs: Any) -> HttpResponseBase:
    scope = tenant_scope(tenant, allow_inactive=True)
    # Pages ask for permissions and store sessions while the tenant is active: in its database the operator's key
    # may be somebody else's.
    _keep_in_master(request.user, _OF_USER)
    _keep_in_master(getattr(request, "session", None), _OF_SESSION)
    setattr(request, OPERATING_FOR, tenant)
    with _same_login(request), TenantContext.use_scope(scope):
        response = view(request, *args, **kwargs)
    _bind(response, scope)
    return response


@contextmanager
def _same_login(request: HttpRequest) -> Iterator[None]:
    """Keep the operator logged in when the password of a tenant's user with the same key is changed.

    Django compares the two by their keys, and would let the session prove the other password.
    """
    session: Any = getattr(request, "session", {})
    proof = session.get(HASH_SESSION_KEY)
    yield
    if proof is not None and session.get(HASH_SESSION_KEY) != proof:
        session[HASH_SESSION_KEY] = proof


def _keep_in_master(owner: Any, names: Iterable[str]) -> None:
    for name in names:
        method = getattr(owner, name, None)
        if method is not None:
            setattr(owner, name, bind(method, MASTER))


def _bind(response: HttpResponseBase, scope: Scope) -> None:
    """Let what is left of a response happen for the tenant: rendering it, or sending it in parts."""
    late: Any = response
    if isinstance(response, SimpleTemplateResponse):
        if not response.is_rendered:
            late.render = bind(response.render, scope)
            response.add_post_render_callback(_forget_render)
    elif response.streaming and not isinstance(response, FileResponse):
        bound = bind_async_iterator if late.is_async else bind_iterator
        late.streaming_content = bound(late.streaming_content, scope)


def _forget_render(response: Any) -> None:
    # A response that was rendered can be pickled, which caches do.
    vars(response).pop("render", None)


def _kept_in_tenant(
    response: HttpResponseRedirect, model_admin: TenantRestrictAdminMixin, tenant: BaseTenant
) -> HttpResponseBase:
    """Let a redirect to another page of this model name the tenant."""
    target = urlsplit(response.url)
    if not target.netloc and target.path.startswith(url_of(model_admin, "changelist")):
        response["Location"] = _choice.with_param(response.url, tenant.tenant_id)
    return response
