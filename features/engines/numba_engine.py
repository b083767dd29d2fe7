"""Compiles the generated function with Numba: one linear pass over a store of millions of customers for all dates.

Only batch work imports this module; the service needs no compiler.
"""

import atexit
import hashlib
import importlib.util
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from features.atomic_file import atomic_write
from features.definitions.registry import FeatureSet
from features.engines.charging import FUNCTIONS
from features.engines.codegen import generate_source, scratch_rows
from features.store.layout import kernel_columns

HEAD = '''\
"""Generated from features.definitions by features.engines.numba_engine; do not edit."""

from math import nan, sqrt

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def median(values, count):
    """Return the median of the first `count` of `values`, 0 when `count` is 0; sorts them in place."""
    if count == 0:
        return 0.0
    if count > 64:
        values[:count].sort()
    else:  # calling the sort costs more than sorting so few
        for i in range(1, count):
            value = values[i]
            j = i
            while j > 0 and values[j - 1] > value:
                values[j] = values[j - 1]
                j -= 1
            values[j] = value
    half = count // 2
    if count % 2:
        return float(values[half])
    return (values[half - 1] + values[half]) / 2
'''
COMPILED = "\n\n@njit(nogil=True, cache=True)\n"
TAIL = '''

@njit(nogil=True, cache=True)
def feature_matrix({columns}, offsets, customers, first, last, as_of, as_of_day, out):
    """Fill row r of `out` with the features of customer `customers[r]`; rows first[k] up to last[k] are at cutoff k.

    The customers of a cutoff ascend. One after the other is taken at all cutoffs, while the events are in the cache.
    """
    longest = 0
    for cutoff in range(len(as_of)):
        for row in range(first[cutoff], last[cutoff]):
            longest = max(longest, offsets[customers[row] + 1] - offsets[customers[row]])
    scratch = np.empty(({rows}, longest), np.int64)
    rows = first.copy()
    customer = 0
    while customer >= 0:
        following = -1
        for cutoff in range(len(as_of)):
            row = rows[cutoff]
            if row < last[cutoff] and customers[row] == customer:
                start, stop = offsets[customer], offsets[customer + 1]
                customer_features({columns}, start, stop, as_of[cutoff], as_of_day[cutoff], scratch, out[row])
                row += 1
                rows[cutoff] = row
            if row < last[cutoff] and (following < 0 or customers[row] < following):
                following = customers[row]
        customer = following
'''


@cache
def numba_kernel(
    recorded: bool = False, features: FeatureSet | None = None, names_sales: bool = False
) -> Callable[..., None]:
    """Return the compiled function `feature_matrix`; it releases the GIL, so that threads can share the work.

    The generated text and the machine code are cached on disk (in `REGULARS_CACHE`, else in the user's cache folder),
    so that only the first process on a machine compiles. Without a writable folder each process compiles again.
    """
    columns = ", ".join(kernel_columns(recorded, names_sales))
    tail = TAIL.format(columns=columns, rows=max(1, scratch_rows(features, names_sales)))
    functions = [*map(inspect.getsource, FUNCTIONS), generate_source(recorded, features, names_sales)]
    source = HEAD + "".join(COMPILED + text for text in functions) + tail
    name = f"customer_features_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    path = _cached_source(name, source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Numba finds cached machine code by the module's name
    spec.loader.exec_module(module)
    function: Callable[..., None] = module.feature_matrix
    return function


def _cached_source(name: str, source: str) -> Path:
    """Return a file with the source: in the cache folder or, if that is not writable, in a temporary one."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("REGULARS_CACHE") or Path(home) / "regulars")
    path = folder / f"{name}.py"
    try:
        if not path.exists():
            with atomic_write(path) as part:
                part.write_text(source)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="regulars-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = folder / f"{name}.py"
        path.write_text(source)
    return path
