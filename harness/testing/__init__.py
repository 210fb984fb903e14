"""For plugin authors: the conformance suite, and small builders for tests of your own.

    from harness.testing import MethodContract

    class TestMine(MethodContract):
        @pytest.fixture
        def method(self):
            return my_method

`bench plugin check NAME` runs the same checks without pytest.
"""

from harness.testing.applicable import NotApplicable
from harness.testing.checks import CHECKS, Check
from harness.testing.contract import MethodContract
from harness.testing.findings import Finding, check_method
from harness.testing.records import make_record
from harness.testing.toys import ToyEmbed, ToyRun, ToyView, toy_batch, toy_context

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "MethodContract",
    "NotApplicable",
    "ToyEmbed",
    "ToyRun",
    "ToyView",
    "check_method",
    "make_record",
    "toy_batch",
    "toy_context",
]
