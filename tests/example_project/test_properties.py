"""Properties over scenarios that nobody wrote."""

from hypothesis import given, settings

from firmware.bench import replay, scenario
from firmware.bench.strategies import scenarios


@settings(max_examples=20, deadline=None)
@given(scenarios("ip500v2"))
def test_whatever_befalls_it_a_unit_comes_up_with_a_certificate(text: str) -> None:
    report = replay.run(scenario.parse(text, "generated.yaml"))
    assert report.passed, text
    unit = report.units["unit"]
    assert unit.state == "running"
    assert unit.ram.identity is not None
