"""Where a method's defaults are from: declared from a closed list, and carried by its Records."""

from pathlib import Path

import pytest

from harness.execution.plan import Entrant
from harness.method import Method
from harness.registry import Origin, RegisteredMethod


def method(**declared):
    return Method(name="mine", build=print, summary="s", reference="r", **declared)


def test_an_origin_outside_the_list_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"defaults_from 'papers'; did you mean 'paper'"):
        method(defaults_from="papers")


@pytest.mark.parametrize(
    ("given", "carried"), [({}, "unsaid"), ({"defaults_from": "paper"}, "paper")]
)
def test_it_is_among_what_a_record_carries(given, carried, short_protocol):
    origin = Origin("acme", "acme", "1.0", Path(__file__).parent)
    entrant = Entrant(RegisteredMethod(method(**given), origin), {}, "default")
    assert entrant.declared(short_protocol).defaults_from == carried
