from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.units.linux import Linux

TestLinux = Linux.TestCase
TestLinux.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
