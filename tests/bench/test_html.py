"""The report of a run: one file that holds all of it, the same bytes each time, nothing from elsewhere, no secret."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.bench import scenario
from firmware.bench.html.perfetto import as_trace
from firmware.bench.html.run_view import as_html
from firmware.bench.html.timeline_view import durations
from firmware.bench.html.watch import Watched
from firmware.bench.timeline import sentence
from firmware.security.keys import KeyPair
from firmware.security.reading import fingerprint
from tests.bench.pages import Page, watched
from tests.bench.support import ROOT, Ipsim, process

SCENARIOS = ROOT / "tests" / "scenarios"
NETWORK, RENEWS = SCENARIOS / "network_of_a_primary.yaml", SCENARIOS / "security_default.yaml"
FAILS = """
name: "It <fails> & </script> breaks"
unit: {platform: ip500v2, seed: 7}
steps:
  - power_on
  - expect: {state: "off", fit: true, alarms: []}
  - power_cycle
"""


@pytest.fixture(scope="module")
def network() -> Watched:
    return watched(scenario.load(NETWORK))


@pytest.fixture(scope="module")
def page(network: Watched) -> Page:
    return Page(as_html([network]))


def test_it_is_one_sound_page_that_needs_nothing_else(page: Page) -> None:
    page.must_be_sound()


def test_it_tells_each_step_and_each_event(network: Watched, page: Page) -> None:
    for outcome in network.report.outcomes:
        assert outcome.planned.step.name in page.text
    for event in network.report.events:
        told = event.data["about"] if event.kind == "state" else sentence(event).split("\n")[0]
        assert " ".join(told.split()) in page.text
    assert page.text.count("✓ holds") == sum(o.planned.step.name == "expect" for o in network.report.outcomes)


def test_states_have_their_leds_and_durations(network: Watched, page: Page) -> None:
    lasting = durations(network)
    events = network.report.events
    at = next(n for n, event in enumerate(events) if event.data.get("state") == "certificate.generating")
    assert lasting[at] == 180_000
    assert re.search(r"certificate\.generating</strong> <span class=\"lasts\">3m</span>", page.source)
    assert "CPU alternating red/green" in page.text
    assert '<rect class="red" x="0" width="10" height="8"/><rect class="green" x="10"' in page.source
    of_one = [number for number in lasting if events[number].source == "branch"]
    first = next(event.time for event in events if event.source == "branch" and event.kind == "state")
    assert sum(lasting[number] for number in of_one) == network.end - first


def test_every_chain_that_was_made_or_presented_has_a_card(network: Watched, page: Page) -> None:
    chains = [one.chain for one in network.appearances]
    presented = {event.data["sha256"] for event in network.report.events if event.kind == "certificate.generated"}
    assert presented <= {fingerprint(chain[0]) for chain in chains}
    for chain in chains:
        assert fingerprint(chain[0]) in page.text
    assert [one.role for one in network.appearances if one.unit == "primary"].count("root CA") == 3
    assert "presented by management" in page.text


def test_a_card_says_how_each_field_is_known_and_what_has_changed(network: Watched, page: Page) -> None:
    made, given = [one for one in network.appearances if one.unit == "secondary" and one.role == "identity"]
    cards = page.source.split('class="card certificate"')[1:]
    first, second = (next(card for card in cards if fingerprint(one.chain[0]) in card) for one in (made, given))
    basis = r'<td><span class="basis documented">documented</span> C'
    assert re.search(rf'<th scope="row">key</th><td>RSA 2048</td>{basis}', first)
    assert "It comes from outside" in second
    assert "new key" in second
    assert f"<del>{fingerprint(made.chain[0])}</del></td><td><ins>{fingerprint(given.chain[0])}</ins>" in second


def test_a_renewed_certificate_keeps_its_key(page: Page) -> None:
    assert "same key, renewed" in page.text  # the root CA, in the middle of the scenario


def test_the_same_run_gives_the_same_bytes_in_any_process(network: Watched, tmp_path: Path) -> None:
    files = [tmp_path / f"{seed}.html" for seed in (1, 2)]
    for seed, file in enumerate(files, 1):
        said = process("run", NETWORK.relative_to(ROOT), "--html", file, PYTHONHASHSEED=str(seed))
        assert said.code == 0, said
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_report_does_not_change_the_run(network: Watched) -> None:
    from firmware.bench import replay

    plain = replay.run(scenario.load(NETWORK))
    assert [event.line() for event in plain.events] == [event.line() for event in network.report.events]
    images = {name: unit.internal.image() for name, unit in plain.units.items()}
    assert images == {name: unit.internal.image() for name, unit in network.report.units.items()}


def _secrets(key: KeyPair) -> list[str]:
    private = key.private
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    raw = [key.der, *(n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.p, numbers.q, numbers.d))]
    texts = [(secret.hex(), b64encode(secret).decode(), str(int.from_bytes(secret))) for secret in raw]
    return [text[8:40] for several in texts for text in several]


def test_it_holds_no_private_key_and_no_password(network: Watched, page: Page) -> None:
    keys = [unit.ram.identity.key for unit in network.report.units.values() if unit.ram.identity]
    keys += [unit.ram.authority.key for unit in network.report.units.values() if unit.ram.authority]
    assert len(keys) == 4
    for secret in [secret for key in keys for secret in _secrets(key)]:
        assert secret not in page.source
        assert secret.upper() not in page.source
    assert "password ..." in page.text
    assert not re.search(r"Carried-\d|PRIVATE KEY", page.source)


def _hidden(value: Any, names: frozenset[str], *, is_secret: bool = False) -> Iterator[str]:
    """Every value below a field of one of these names."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _hidden(inner, names, is_secret=is_secret or name in names)
    elif isinstance(value, list):
        for inner in value:
            yield from _hidden(inner, names, is_secret=is_secret)
    elif is_secret:
        yield str(value)


@pytest.mark.parametrize("name", ["branch_under_system_manager", "ignite_imported_ca", "third_party_for_all"])
def test_no_password_of_a_scenario_is_in_its_report(name: str) -> None:
    told = scenario.load(SCENARIOS / f"{name}.yaml")
    secrets = {text for step in told.steps for text in _hidden(step.row, step.step.secrets())}
    run = watched(told)
    assert secrets
    for source in (as_html([run]).decode(), as_trace([run]).decode()):
        assert [secret for secret in secrets if secret in unescape(source)] == []


def test_what_failed_stands_out_and_markup_in_a_name_is_only_text() -> None:
    run = watched(scenario.parse(FAILS, "fails.yaml"))
    page = Page(as_html([run]))
    page.must_be_sound()
    assert not run.report.passed
    assert page.title == "It <fails> & </script> breaks – run"
    assert escape("It <fails> & </script> breaks") in page.source
    assert "✗ failed" in page.text
    assert "Step 2, expect fails.yaml:6:5 state: expected off, found running" in page.text
    assert "power_cycle" not in page.text  # it was never begun


def test_several_scenarios_are_one_file(ipsim: Ipsim, tmp_path: Path) -> None:
    (tmp_path / "fails.yaml").write_text(FAILS, "utf-8")
    said = ipsim("run", RENEWS, tmp_path / "fails.yaml", "--html", tmp_path / "r.html", "--trace", tmp_path / "t.json")
    assert said.code == 1
    page = Page((tmp_path / "r.html").read_bytes())
    page.must_be_sound()
    assert "1 passed, 1 failed" in page.text
    assert len(re.findall("<article", page.source)) == 2


def test_with_a_state_directory_it_begins_with_what_is_there(ipsim: Ipsim, tmp_path: Path) -> None:
    first = SCENARIOS / "first_start.yaml"
    ipsim.well("run", first, "--state", tmp_path / "unit")
    again = tmp_path / "again.yaml"
    again.write_text(
        "name: again\nunit: {platform: ip500v2, seed: 7}\nclock: 2026-12-01T00:00:00Z\nsteps: [power_on]\n"
    )
    ipsim.well("run", again, "--state", tmp_path / "unit", "--html", tmp_path / "r.html")
    text = Page((tmp_path / "r.html").read_bytes()).text
    assert "certificate kept" in text
    assert "security, copy 1" in text
