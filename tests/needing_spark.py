"""The mark of tests that need Spark."""

import importlib.util
import os
import shutil
from collections.abc import Callable

import pytest

REMEDY = "needs pyspark (`make setup-spark`) and Java"
IS_THERE = bool(importlib.util.find_spec("pyspark") and (os.environ.get("JAVA_HOME") or shutil.which("java")))


def with_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test as slow, and leave it out where there is no Spark."""
    for mark in (pytest.mark.slow, pytest.mark.needs_spark, pytest.mark.skipif(not IS_THERE, reason=REMEDY)):
        test = mark(test)
    return test
