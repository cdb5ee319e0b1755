"""One small build for everything that is delivered with builds."""

import pytest
from small_build import small_build


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Its folder, what was built, and the content of design.json."""
    folder = tmp_path_factory.mktemp("delivered")
    return folder, *small_build(folder)
