"""The tenant in log lines."""

from __future__ import annotations

import copy
import io
import logging
import logging.config
import logging.handlers
import pickle
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.context import TenantContext
from omnitenant_context.logging import RecordDefault, TenantFilter, install_record_default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnitenant_context.scope import Tenant

    Build = Callable[..., logging.Logger]

FORMAT = "[%(tenant_id)s] %(message)s"


class Broken:
    """A tenant whose id stopped working after it was entered."""

    broken = False

    @property
    def tenant_id(self) -> str:
        """Give the id, or fail."""
        if self.broken:
            raise LookupError
        return "broken"


@pytest.fixture(autouse=True)
def _factory() -> Iterator[None]:
    """Put the record factory back, and see to it that no error in a handler is hidden."""
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture(name="default")
def _default() -> RecordDefault:
    """Install the default for all records."""
    return install_record_default()


@pytest.fixture(name="out")
def _out() -> io.StringIO:
    """Give what the loggers write to."""
    return io.StringIO()


@pytest.fixture(name="build")
def _build(out: io.StringIO) -> Build:
    """Build loggers that write to ``out``."""

    class Strict(logging.StreamHandler[io.StringIO]):
        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as in logging
            raise  # noqa: PLE0704 - called while the error is handled

    def build(*filters: logging.Filter, style: Any = "%", fmt: str = FORMAT) -> logging.Logger:
        handler = Strict(out)
        handler.setFormatter(logging.Formatter(fmt, style=style))
        for each in filters:
            handler.addFilter(each)
        logger = logging.Logger("shop")  # noqa: LOG001 - not to be known to the other tests
        logger.addHandler(handler)
        return logger

    return build


class TestTenantFilter:
    """A filter on a handler."""

    def test_names_what_is_active(self, build: Build, out: io.StringIO, acme: Tenant) -> None:
        """Each scope has its label, nobody too."""
        logger = build(TenantFilter())
        for guard in (
            TenantContext.use_tenant(acme),
            TenantContext.use_master_db(),
            TenantContext.use_schema("reports"),
            TenantContext.unscoped(),
        ):
            with guard:
                logger.info("hello %s", "you")
        logger.info("bye")
        assert out.getvalue().splitlines() == [
            "[acme] hello you",
            "[master] hello you",
            "[schema:reports] hello you",
            "[unscoped] hello you",
            "[nobody] bye",
        ]

    def test_keeps_what_is_named_already(self, build: Build, out: io.StringIO, acme: Tenant) -> None:
        """The caller's extra wins over what is active."""
        with TenantContext.use_tenant(acme):
            build(TenantFilter()).info("moved", extra={"tenant_id": "bolt"})
        assert out.getvalue() == "[bolt] moved\n"

    def test_never_raises(self, build: Build, out: io.StringIO) -> None:
        """A tenant that cannot say its name does not lose the line."""
        tenant = Broken()
        with TenantContext.use_tenant(tenant):
            tenant.broken = True
            build(TenantFilter()).info("still here")
        assert out.getvalue() == "[unknown] still here\n"

    def test_can_be_configured_by_name(self) -> None:
        """A dictConfig finds it by its path."""
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "filters": {"tenant": {"()": "omnitenant_context.logging.TenantFilter"}},
                "handlers": {"null": {"class": "logging.NullHandler", "filters": ["tenant"]}},
                "loggers": {"omnitenant_context.tests": {"handlers": ["null"]}},
            }
        )
        logger = logging.getLogger("omnitenant_context.tests")
        (handler,) = logger.handlers
        (found,) = handler.filters
        assert isinstance(found, TenantFilter)
        logger.removeHandler(handler)


class TestRecordDefault:
    """A default on every record."""

    @pytest.mark.usefixtures("default")
    @pytest.mark.parametrize(
        ("style", "fmt"),
        [("%", FORMAT), ("{", "[{tenant_id}] {message}"), ("$", "[$tenant_id] $message")],
    )
    def test_formats_hold_without_a_filter(
        self, build: Build, out: io.StringIO, acme: Tenant, style: str, fmt: str
    ) -> None:
        """Any style of format, with defaults of its own or without."""
        logger = build(style=style, fmt=fmt)
        with TenantContext.use_tenant(acme):
            logger.info("inside")
        logger.info("outside")
        logger.handlers[0].setFormatter(
            logging.Formatter(fmt, style=style, defaults={"other": 1, "tenant_id": "-"})  # type: ignore[arg-type]  # one of three texts
        )
        logger.info("with defaults")
        assert out.getvalue().splitlines() == [
            "[acme] inside",
            "[nobody] outside",
            "[nobody] with defaults",
        ]

    @pytest.mark.usefixtures("default")
    def test_names_the_tenant_where_the_record_is_made(self, build: Build, out: io.StringIO, acme: Tenant) -> None:
        """A handler behind a queue, in another thread, still shows who logged."""
        messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        logger = logging.Logger("shop")  # noqa: LOG001 - not to be known to the other tests
        logger.addHandler(logging.handlers.QueueHandler(messages))
        with TenantContext.use_tenant(acme):
            logger.info("queued")
        (handler,) = build(TenantFilter()).handlers
        thread = threading.Thread(target=lambda: handler.handle(messages.get()))
        thread.start()
        thread.join()
        assert out.getvalue() == "[acme] queued\n"

    @pytest.mark.usefixtures("default")
    def test_an_extra_of_the_same_name_wins(self, build: Build, out: io.StringIO, acme: Tenant) -> None:
        """Calls that name the tenant themselves worked before, and go on to work."""
        logger = build()
        with TenantContext.use_tenant(acme):
            logger.info("moved", extra={"tenant_id": "bolt"})
            logger.info("moved", extra={"other": 1})
        assert out.getvalue() == "[bolt] moved\n[acme] moved\n"

    @pytest.mark.usefixtures("default")
    def test_other_extras_are_still_refused(self, build: Build) -> None:
        """What logging protects stays protected."""
        with pytest.raises(KeyError, match="overwrite 'message'"):
            build().info("x", extra={"message": "y"})
        with pytest.raises(KeyError, match="overwrite 'name'"):
            build().info("x", extra={"name": "y"})

    @pytest.mark.usefixtures("default")
    def test_records_are_copied_and_pickled(self, acme: Tenant) -> None:
        """A record reaches another process, also one that does not have this package."""
        with TenantContext.use_tenant(acme):
            record = logging.getLogRecordFactory()("shop", 20, "", 0, "hi", (), None)
        data = pickle.dumps(record)
        assert b"omnitenant" not in data
        for twin in (pickle.loads(data), copy.copy(record)):
            assert vars(twin)["tenant_id"] == "acme"
            assert vars(twin) == dict(vars(record))
        assert vars(logging.makeLogRecord(vars(record)))["tenant_id"] == "acme"

    @pytest.mark.usefixtures("default")
    def test_never_raises(self, build: Build, out: io.StringIO) -> None:
        """A tenant that cannot say its name does not lose the line."""
        tenant = Broken()
        with TenantContext.use_tenant(tenant):
            tenant.broken = True
            build().info("still here")
        assert out.getvalue() == "[unknown] still here\n"

    def test_another_factory_is_kept(self, build: Build, out: io.StringIO, acme: Tenant) -> None:
        """What was installed before makes the records, and what it names counts."""
        made = []

        class Record(logging.LogRecord):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                made.append(self)
                if self.msg == "named":
                    self.tenant_id = "bolt"

        logging.setLogRecordFactory(Record)
        install_record_default()
        with TenantContext.use_tenant(acme):
            build().info("plain")
            build().info("named")
        assert out.getvalue() == "[acme] plain\n[bolt] named\n"
        assert len(made) == 2

    def test_can_be_removed(self, default: RecordDefault, build: Build, out: io.StringIO) -> None:
        """Afterwards the factory is the one from before, and records have no default."""
        default.remove()
        assert not isinstance(logging.getLogRecordFactory(), RecordDefault)
        build(fmt="%(message)s").info("x")
        record = logging.getLogRecordFactory()("shop", 20, "", 0, "hi", (), None)
        assert not hasattr(record, "tenant_id")
        assert out.getvalue() == "x\n"
        default.remove()
        assert not isinstance(logging.getLogRecordFactory(), RecordDefault)

    def test_removing_leaves_a_later_factory_alone(self, default: RecordDefault) -> None:
        """Ours falls silent under a factory that was put in front of it."""

        def later(*args: Any, **kwargs: Any) -> logging.LogRecord:
            return default(*args, **kwargs)

        logging.setLogRecordFactory(later)
        default.remove()
        assert logging.getLogRecordFactory() is later
        assert not hasattr(later("shop", 20, "", 0, "hi", (), None), "tenant_id")

    def test_installing_twice_changes_nothing(self, default: RecordDefault) -> None:
        """Each app of a project may ask for it."""
        assert install_record_default() is default
        default.remove()
        assert not isinstance(logging.getLogRecordFactory(), RecordDefault)
