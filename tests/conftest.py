"""Settings every test shares."""

import os

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
matplotlib.use("Agg")

settings.register_profile("hwgen", deadline=None, derandomize=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hwgen")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the synthesis cache of a test run apart from the user's own, shared by all tests of the run."""
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
