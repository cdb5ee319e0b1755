"""Settings every test shares: the code under test, the cache that runs share, and the order of parallel runs."""

import gc
import os
import tempfile
from pathlib import Path

import matplotlib
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

ROOT = Path(__file__).parents[1]

os.environ.setdefault("OMP_NUM_THREADS", "1")
matplotlib.use("Agg")

settings.register_profile("hwgen", deadline=None, derandomize=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hwgen")
# Hypothesis also tries constants that it finds in our modules, in those that happen to be imported: without them a test
# gets the same examples alone and beside all others. tests/test_examples_pinned.py
providers.is_local_module_file = lambda path: False


def pytest_configure(config: pytest.Config) -> None:
    """Set up the environment of this process and of all that tests start.

    Processes of their own import this tree, whatever tree is installed. Resource counts and compiled designs are kept
    apart from the user's own, by content: in ``$HWGEN_TEST_CACHE``, in pytest's cache, or for this run alone.
    """
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    if "HWGEN_TEST_CACHE" not in os.environ:  # the workers of a parallel run find it set
        if config.pluginmanager.hasplugin("cacheprovider"):
            own = str(config.cache.mkdir("hwgen"))
        else:
            folder = tempfile.TemporaryDirectory(prefix="hwgen-tests-")
            config.add_cleanup(folder.cleanup)
            own = folder.name
        os.environ["HWGEN_TEST_CACHE"] = own
    os.environ["HWGEN_CACHE"] = str(Path(os.environ["HWGEN_TEST_CACHE"]).resolve())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let parallel runs begin with the slowest files, so that none of them is left for the end."""
    if hasattr(config, "workerinput"):
        weight = dict.fromkeys((item.path for item in items), 0)
        for item in items:
            weight[item.path] += 4 * bool(item.get_closest_marker("verilator")) + bool(item.get_closest_marker("slow"))
        items.sort(key=lambda item: -weight[item.path])


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was imported, and look for cycles less often.

    PyTorch and Amaranth are some million objects, which it visits again and again otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
