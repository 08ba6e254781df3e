"""A test runner for Django's suite that writes down how each test ended."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any

from django.test.runner import DiscoverRunner

OUTCOMES: dict[str, str] = {}


class Result(unittest.TextTestResult):
    """Keeps the outcome of each test; of one with subtests, the worst."""

    def addSuccess(self, test: Any) -> None:  # noqa: D102, N802 - unittest's names
        super().addSuccess(test)
        OUTCOMES.setdefault(test.id(), "passed")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: D102, N802
        super().addFailure(test, err)
        OUTCOMES[test.id()] = "failed"

    def addError(self, test: Any, err: Any) -> None:  # noqa: D102, N802
        super().addError(test, err)
        OUTCOMES[test.id()] = "error"

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: D102, N802
        super().addSkip(test, reason)
        OUTCOMES.setdefault(test.id(), "skipped")

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: D102, N802
        super().addExpectedFailure(test, err)
        OUTCOMES[test.id()] = "failed as expected"

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: D102, N802
        super().addUnexpectedSuccess(test)
        OUTCOMES[test.id()] = "passed unexpectedly"

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: D102, N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            OUTCOMES[test.id()] = "failed"


class Runner(DiscoverRunner):
    """Django's own, which writes the outcomes to the file that the environment names."""

    def get_resultclass(self) -> type[Result]:
        """Return the class that keeps them."""
        return Result

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        """Write them."""
        Path(os.environ["SUITE_OUTCOMES"]).write_text(json.dumps(OUTCOMES), encoding="utf-8")
        return super().suite_result(suite, result, **kwargs)
