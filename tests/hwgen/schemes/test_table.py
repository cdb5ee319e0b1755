"""Named schemes are data: no torch is loaded for them, help lists them, and training starts from what they say."""

import subprocess
import sys
from dataclasses import replace

import pytest
from cli_runs import run

from hwgen.errors import HwgenError
from hwgen.frontend.training.recipes import recipe_for
from hwgen.network.granularity import Granularity
from hwgen.schemes import ABOUT, SCHEMES, Scheme, named, started


def test_the_table_needs_no_torch() -> None:
    code = "import sys, hwgen.schemes; sys.exit(bool({'torch', 'numpy', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("verb", ["train", "quantize"])
def test_help_says_what_every_scheme_is(verb: str) -> None:
    text = "".join(run(verb, "--help").split())  # lines break behind hyphens
    for name, about in ABOUT.items():
        assert f"{name}: {about}".replace(" ", "") in text


@pytest.mark.parametrize("per", ["nodes", "graphs"])
@pytest.mark.parametrize("name", SCHEMES)
def test_training_starts_from_what_the_scheme_says(name: str, per: str) -> None:
    """General recipes have rates and epochs of their own, and no settings of a scheme."""
    recipe = recipe_for("default", model="", data="", scheme=name, per=per)
    assert recipe.scheme == started(name, per)
    assert recipe.scheme.bucket_bits == SCHEMES[name].bucket_bits


def test_a_scheme_without_settings_for_training_trains_as_it_is() -> None:
    assert started("qat-int8", "graphs") is SCHEMES["qat-int8"]
    assert started("sgquant", "graphs") == replace(SCHEMES["sgquant"], message_bits=4)
    assert started("uniform", "nodes") == replace(SCHEMES["uniform"], gradient="local")
    assert started("nns-published", "nodes").parametrization == "log_step"


def test_a_users_own_is_its_own_name() -> None:
    own = Scheme(rows=Granularity.PER_TENSOR, widths={"conv1": 3})
    assert named(own) is own
    for ask in (named, lambda name: started(name, "nodes")):
        with pytest.raises(HwgenError, match=r"^unknown scheme 'best'\n  at scheme\n  use one of a2q, nns, "):
            ask("best")


@pytest.mark.parametrize("bits", [9, -1, 2.5, True, "4"])
def test_widths_are_whole_numbers(bits: object) -> None:
    with pytest.raises(HwgenError, match=r" bits of conv1\n  at widths\n  use a whole number, 0 to 8"):
        Scheme(widths={"conv1": bits})
