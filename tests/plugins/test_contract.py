"""First-party methods keep the promises that everyone's must keep."""

import pytest
from bench_methods import METHODS

from harness.testing import MethodContract


class TestFirstPartyMethods(MethodContract):
    @pytest.fixture(params=METHODS, ids=lambda method: method.name)
    def method(self, request):
        return request.param
