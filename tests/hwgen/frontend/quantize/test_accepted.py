"""Where hardware holds wide messages with coarse steps only, narrow ones take their place if they agree better."""

import pytest
from training_graphs import small_data

import hwgen
from hwgen.frontend.quantize import QuantizedNetwork, accepted
from hwgen.frontend.training.models import GCN


def message_bits(model: QuantizedNetwork) -> int:
    return next(int(value.quantizer.bits[0]) for value in model.export().values
                if value.name == "convs.0.message" and value.quantizer is not None)


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """Steps of 8-bit messages seem to be raised; agreement is what the test says, by bits."""
    agreement = {8: 0.9, 4: 0.95}
    fit = accepted._fit
    monkeypatch.setattr(accepted, "_fit", lambda model, *rest: (
        fit(model, *rest)[0], 1.0 if message_bits(model) == 8 else None))
    monkeypatch.setattr(accepted, "_agreement", lambda model: agreement[message_bits(model)])
    return agreement


def test_fewer_bits_that_agree_better_are_taken_and_said(raised: dict[int, float]) -> None:
    with pytest.warns(UserWarning, match="messages get 4 bits: .* 95.0% of the sample agree with FP32, not 90.0%"):
        assert message_bits(hwgen.quantize(GCN(12, 6, 3), "uniform", data=small_data())) == 4


def test_bits_that_the_user_gives_stay(raised: dict[int, float]) -> None:
    assert message_bits(hwgen.quantize(GCN(12, 6, 3), "uniform", data=small_data(), message_bits=8)) == 8


def test_fewer_bits_that_agree_no_better_are_not_taken(raised: dict[int, float]) -> None:
    raised[4] = 0.9
    assert message_bits(hwgen.quantize(GCN(12, 6, 3), "uniform", data=small_data())) == 8


def test_agreement_is_of_classes_and_leaves_the_mode() -> None:
    model = hwgen.quantize(GCN(12, 6, 3), "uniform", data=small_data())
    assert model.training
    same = accepted._agreement(model)
    own, fp32 = model.eval().logits(), model.fp32()
    assert same == float((own.argmax(1) == fp32.argmax(1)).double().mean())
    assert 0 < same <= 1
    model.train()
    accepted._agreement(model)
    assert model.training
