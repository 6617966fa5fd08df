"""What the tests of this room share: scenarios as plans, and a bug's findings."""

from __future__ import annotations

from pathlib import Path

from firmware.bench.sweep.job import Finding
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, search

SCENARIOS = Path("tests/scenarios")

# Longer than it need be: of its steps a power_on, an address and one root that is trusted are enough.
TWO_ROOTS = """\
name: Two roots are trusted
unit: {platform: ip500v2}
steps:
  - power_on
  - expect: {state: running}
  - third_party_root: {authority: Acme, to: acme.pem}
  - trust: acme.pem
  - set_address: {lan1: 10.0.0.1/24}
  - third_party_root: {authority: Beta, to: beta.pem}
  - trust: beta.pem
  - expect: {trusted: [SIP Product, Acme, Beta]}
  - power_cycle
  - expect: {state: running}
"""


def plan_of(name: str) -> Plan:
    path = SCENARIOS / f"{name}.yaml"
    return Plan(path.name, path.read_text(), str(path.parent))


def text_plan(text: str) -> Plan:
    return Plan("story.yaml", text, ".")


def findings(plan: Plan, depth: int = 1) -> list[Finding]:
    """Everything that a search finds, the shallowest first."""
    found = search(plan.job(), Limits(depth=depth)).findings
    assert found, "the bug is not found"
    return found
