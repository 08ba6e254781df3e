"""Key functions for ``CACHES``: every method of every backend passes its keys through them.

.. code-block:: python

    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:6379/0",
            "KEY_FUNCTION": "omnitenant_routing.caches.make_key",
            "REVERSE_KEY_FUNCTION": "omnitenant_routing.caches.reverse_key",
        }
    }

What asks for no key they cannot part: with another vendor's backend ``clear()`` empties the whole cache. The backends
of this package know whose entries to remove.
"""

from __future__ import annotations

import re
from typing import Any, Final

from omnitenant_routing.caches.owners import SHARED, current_owner

__all__ = ["make_key", "make_shared_key", "owner_in", "reverse_key"]

# What stands between the prefix of the cache, which may hold colons itself, and the key.
_MADE: Final = re.compile(r":(?P<owner>(?:master|shared)|t\.[^:@]*|schema\.[^:@]*)(?:@[^:]*)?:[^:]*:")


def make_key(key: Any, key_prefix: str, version: int | str) -> str:
    """Make the key of whoever is active: ``<prefix>:<who>:<version>:<key>``.

    Args:
        key: the key that the code uses.
        key_prefix: ``KEY_PREFIX`` of the cache.
        version: the version of the key.

    Raises:
        TenantRequiredError: nobody is active. What must be shared goes into a cache whose ``KEY_FUNCTION``
            is :func:`make_shared_key`.
    """
    return f"{key_prefix}:{current_owner(key)}:{version}:{key}"


def make_shared_key(key: Any, key_prefix: str, version: int | str) -> str:
    """Make a key that is the same for everybody, for a cache of what must be shared."""
    return f"{key_prefix}:{SHARED}:{version}:{key}"


def reverse_key(key: str) -> str:
    """Give back the key that the code used, from one made by either function here.

    Raises:
        ValueError: neither of them made it.
    """
    return key[_read(key).end() :]


def owner_in(key: str) -> str:
    """Tell whose a key is that was made by either function here, or by a backend of ours.

    Raises:
        ValueError: none of them made it.
    """
    return _read(key)["owner"]


def _read(key: str) -> re.Match[str]:
    made = _MADE.search(key)
    if made is None:
        message = f"{key!r} is no key of this cache: it does not say whose it is"
        raise ValueError(message)
    return made
