"""What a method declares of its parameters and its readout is held against what it has."""

import pytest
import torch

from harness import Float, Int, Method, Objective
from harness.method.objective import Readout
from harness.testing import NotApplicable
from harness.testing.checks import (
    it_has_the_parameters_it_declares,
    its_readout_is_linear_and_no_wider,
)


def method(build, **declared):
    fields = {"name": "mine", "summary": "a toy", "reference": "none", "build": build}
    return Method(**fields, **declared)


class With(Objective):
    """An Objective with parameters of these shapes, of which the frozen ones do not train."""

    def __init__(self, *shapes, frozen=()):
        super().__init__()
        self.own = torch.nn.ParameterList(torch.zeros(shape) for shape in shapes)
        self.still = torch.nn.Parameter(torch.zeros(frozen), requires_grad=False)


@pytest.mark.parametrize(
    ("declared", "build"),
    [
        ({}, lambda point, context: With(frozen=(9,))),
        (
            {"parameters": "C * d + C"},
            lambda point, context: With((context.classes, context.embedding_size), context.classes),
        ),
        (
            {"parameters": "F * D"},
            lambda point, context: With((context.feature_size, *context.input_shape)),
        ),
        (
            {"parameters": "F * d", "members": 2},
            lambda point, context: With((context.feature_size, context.embedding_size)),
        ),
        (
            {"parameters": "centers * d", "space": {"centers": Int(1, 9, default=3)}},
            lambda point, context: With((point["centers"], context.embedding_size)),
        ),
    ],
)
def test_the_declared_number_of_parameters_is_right(declared, build):
    it_has_the_parameters_it_declares(method(build, **declared))


@pytest.mark.parametrize(
    ("formula", "declared"), [("0", "0"), ("C * d", "64"), ("centers", "3"), ("2 * C + 8", "24")]
)
def test_another_number_of_parameters_is_found(formula, declared):
    space = {"centers": Int(1, 9, default=3)}
    wrong = method(lambda point, context: With(5, 8), parameters=formula, space=space)
    with pytest.raises(AssertionError) as raised:
        it_has_the_parameters_it_declares(wrong)
    assert str(raised.value).replace(" with 8 classes and 8 dimensions", "") == (
        f"mine: it declares parameters='{formula}', {declared} on the toy, and has 13"
    )


def test_a_formula_of_unknown_names_is_told_so():
    space = {"margin": Float(0.0, 1.0, default=0.5)}
    wrong = method(lambda point, context: With(), parameters="marginn * C", space=space)
    with pytest.raises(ValueError, match=r"'marginn' is not allowed here \(allowed: margin, C"):
        it_has_the_parameters_it_declares(wrong)


class Reads(Objective):
    def __init__(self, matrix):
        super().__init__()
        self.matrix = matrix

    def finish(self, view, embed):
        return Readout("features", self.matrix)


def reading(matrix, **declared):
    return method(
        lambda point, context: Reads(matrix), trained=False, **{"readout": True, **declared}
    )


# The toy run's trunk has 256 features, its embedding 8 dimensions.
def test_a_sound_readout_passes():
    its_readout_is_linear_and_no_wider(reading(torch.eye(8, 256)))


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        (torch.eye(9, 256), r"has shape \(9, 256\), not \(1\.\.8, 256\)"),
        (torch.full((8, 256), torch.nan), "values that are not finite"),
    ],
)
def test_a_readout_that_is_not_allowed_is_found(matrix, why):
    with pytest.raises(AssertionError, match=f"mine: a run on the toy failed: .*{why}"):
        its_readout_is_linear_and_no_wider(reading(matrix))


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"readout": False}, "mine ends in no readout"),
        ({"requires": {"no_such_module": "get it"}}, "mine needs no_such_module"),
    ],
)
def test_a_readout_that_is_not_promised_is_not_asked_for(declared, why):
    with pytest.raises(NotApplicable, match=why):
        its_readout_is_linear_and_no_wider(reading(torch.eye(9, 256), **declared))
