from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.units.ip500v2 import IP500V2

TestIP500V2 = IP500V2.TestCase
TestIP500V2.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
