"""The list of rows: what the URL says about the tenant is no filter.

Django's ``ChangeList`` takes every parameter that it does not know for a lookup. Its method
``get_filters_params()``, read in 5.2 and 6.1, says which ones are none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from omnitenant_admin._choice import PARAM

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList as Base
else:
    Base = object

__all__ = ["knowing_the_tenant"]


class _KnowingTheTenant(Base):
    def get_filters_params(self, params: Any = None) -> Any:
        """Return the parameters that filter; links to other pages of the list keep the tenant all the same."""
        found = super().get_filters_params(params)
        found.pop(PARAM, None)
        return found


def knowing_the_tenant(changelist: Any) -> Any:
    """Return a subclass of a list class that passes the tenant over."""
    return _subclass(changelist)


@cache
def _subclass(changelist: type[Any]) -> type[Any]:
    return type(changelist.__name__, (_KnowingTheTenant, changelist), {"__module__": changelist.__module__})
