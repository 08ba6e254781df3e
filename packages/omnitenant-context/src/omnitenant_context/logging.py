"""The tenant in every log line.

Two ways, which may be used together:

* :class:`TenantFilter` on a handler names the tenant of the code that logs, for that handler.
* :func:`install_record_default` names it on every record of the process when the record is made, so
  that a format with ``%(tenant_id)s`` holds on every handler, also behind a queue in another
  thread.
"""

from __future__ import annotations

import logging
from typing import Any

from omnitenant_context._state import get_scope

__all__ = ["RecordDefault", "TenantFilter", "install_record_default"]

_FIELD = "tenant_id"


class TenantFilter(logging.Filter):
    """Adds ``tenant_id`` to records.

    It is the tenant's id, ``master``, ``schema:NAME``, ``unscoped`` or ``nobody``.

    A record that has one already keeps it: it was named where it was made, or by the caller's
    ``extra``. Lets every record pass, and never raises.

    Example:
        In a ``logging.config.dictConfig``::

            "filters": {"tenant": {"()": "omnitenant_context.logging.TenantFilter"}},
            "formatters": {"line": {"format": "%(levelname)s [%(tenant_id)s] %(message)s"}},
            "handlers": {
                "console": {
                    "class": "logging.StreamHandler", "filters": ["tenant"], "formatter": "line",
                },
            },
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Name the tenant on a record that does not name one.

        Args:
            record: the record, changed in place.

        Returns:
            Always True.
        """
        if not hasattr(record, _FIELD):
            setattr(record, _FIELD, _label())
        return True


class RecordDefault:
    """The factory that :func:`install_record_default` puts in front of the one it found."""

    def __init__(self, inner: Any) -> None:
        """Wrap a factory.

        Args:
            inner: the factory that makes the records.
        """
        self._inner = inner
        self._active = True

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make a record and name the tenant on it, unless the inner factory did."""
        record: logging.LogRecord = self._inner(*args, **kwargs)
        if self._active and not hasattr(record, _FIELD):
            fields = _Fields(record.__dict__)
            fields[_FIELD] = _label()
            record.__dict__ = fields
        return record

    def remove(self) -> None:
        """Take it out again.

        Where another factory was put in front since then, it stays there and falls silent.
        """
        self._active = False
        if logging.getLogRecordFactory() is self:
            logging.setLogRecordFactory(self._inner)


class _Fields(dict[str, Any]):
    """The attributes of a record, in which ``extra={"tenant_id": …}`` may replace the default.

    ``Logger.makeRecord`` refuses an ``extra`` that the record already contains. The default would
    turn working calls of the application into a KeyError, so it does not count as contained until
    somebody set it.
    """

    __slots__ = ()

    def __contains__(self, key: object) -> bool:
        return key != _FIELD and super().__contains__(key)

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def install_record_default() -> RecordDefault:
    """Name the tenant on every log record of this process, as soon as the record is made.

    Works in front of a factory that is installed already. Calling it again while it is in front
    changes nothing. A caller's own ``extra={"tenant_id": …}`` wins.

    Returns:
        What was installed; its ``remove()`` takes it out.

    Example:
        >>> import logging
        >>> default = install_record_default()
        >>> logging.getLogRecordFactory()("shop", logging.INFO, "", 0, "hi", (), None).tenant_id
        'nobody'
        >>> default.remove()
    """
    factory = logging.getLogRecordFactory()
    if isinstance(factory, RecordDefault):
        return factory
    default = RecordDefault(factory)
    logging.setLogRecordFactory(default)
    return default


def _label() -> str:
    try:
        return get_scope().label
    except Exception:  # noqa: BLE001 - a log line about a broken tenant must still be written
        return "unknown"
