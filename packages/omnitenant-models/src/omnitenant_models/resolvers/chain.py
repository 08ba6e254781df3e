"""Asks several resolvers in turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers._build import build_resolver
from omnitenant_models.resolvers.base import BaseTenantResolver

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant
    from omnitenant_models.resolvers._build import ResolverLike

__all__ = ["ChainTenantResolver"]


class _Course(NamedTuple):
    """How a request went through a chain."""

    asked: tuple[BaseTenantResolver, ...]
    answered: BaseTenantResolver | None


class ChainTenantResolver(BaseTenantResolver):
    """Asks its members in turn until one finds a tenant or the master.

    A member that raises :class:`TenantNotFound` or gives None leaves the request to the next one, also where
    it was given a name that nobody has. Each member's answers are remembered by themselves. A list in
    ``TENANT_RESOLVER`` makes a chain; a subclass with its own :attr:`members` can be named there too.
    """

    members: ClassVar[Sequence[ResolverLike]] = ()
    """The resolvers: dotted paths, classes or instances."""

    def __init__(self, members: Sequence[ResolverLike] = ()) -> None:
        """Make a chain.

        Args:
            members: the resolvers in the order in which they are asked; without any, the class's own.

        Raises:
            ImproperlyConfigured: there are none, or one of them is no resolver.
        """
        super().__init__()
        self.resolvers = tuple(build_resolver(member, sole=False) for member in members or self.members)
        if not self.resolvers:
            message = f"{type(self).__qualname__} has no members; name at least one resolver"
            raise ImproperlyConfigured(message)
        self._attribute = f"_omnitenant_course_{id(self)}"

    def resolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Return the first answer.

        Raises:
            TenantNotFound: no member found anybody; says what each of them missed.
        """
        reasons: list[str] = []
        for place, resolver in enumerate(self.resolvers):
            try:
                found = resolver.resolve(request)
            except TenantNotFound as error:
                reasons.append(str(error))
                continue
            if found is not None:
                self._note(request, place + 1, resolver)
                return found
        raise self._nobody(request, reasons)

    async def aresolve(self, request: HttpRequest) -> Tenant | Master | None:
        """Return the first answer, in an event loop; see :meth:`resolve`."""
        reasons: list[str] = []
        for place, resolver in enumerate(self.resolvers):
            try:
                found = await resolver.aresolve(request)
            except TenantNotFound as error:
                reasons.append(str(error))
                continue
            if found is not None:
                self._note(request, place + 1, resolver)
                return found
        raise self._nobody(request, reasons)

    def mount_point(self, request: HttpRequest) -> str:
        """Return the mount point of the member that answered."""
        answered = self._course(request).answered
        return answered.mount_point(request) if answered else ""

    def vary_headers(self, request: HttpRequest) -> Iterable[str]:
        """Return the headers of all members that were asked: that one had no answer depends on them too."""
        asked = self._course(request).asked
        return [header for resolver in asked for header in resolver.vary_headers(request)]

    def _note(self, request: HttpRequest, asked: int, answered: BaseTenantResolver | None) -> None:
        setattr(request, self._attribute, _Course(self.resolvers[:asked], answered))

    def _course(self, request: HttpRequest) -> _Course:
        course: _Course = getattr(request, self._attribute, _Course(self.resolvers, None))
        return course

    def _nobody(self, request: HttpRequest, reasons: Sequence[str]) -> TenantNotFound:
        self._note(request, len(self.resolvers), None)
        return TenantNotFound("no resolver found a tenant: " + "; ".join(reasons or ["no reasons"]))
