"""Boot step 2 and 3: the first binary that is present and valid, in the documented order of places."""

from __future__ import annotations

from itertools import product

import pytest

import platforms
from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.outside import probe
from firmware.boot.choose_firmware import original_level
from firmware.boot.software import image_of
from firmware.device.faults import BadBlock
from firmware.peers.network import SILENT, Network
from firmware.release import BY_VERSION
from tests.boot.units import (
    BINARY,
    MAC,
    START,
    act,
    card_files,
    do,
    events,
    fresh,
    put_file,
    running,
    shut_down,
    since_power_on,
    start_again,
    states,
    wait,
)

# boot.md, Boot 2 (KB); each place is given a release of its own, so that what runs says where it came from.
PLACES = {
    "system-sd/primary": "12.3",
    "nvm": "12.0",
    "system-sd/backup": "11.1",
    "optional-sd/primary": "11.0",
    "optional-sd/backup": "10.1",
}
KINDS = ("absent", "corrupt", "valid")


def _stocked(kinds: tuple[str, ...]) -> Appliance:
    """A new unit with both cards, and in each place a binary of this kind."""
    unit = fresh()
    for (place, version), kind in zip(PLACES.items(), kinds, strict=True):
        image = image_of(BY_VERSION[version])
        data = {"absent": None, "valid": image, "corrupt": image[:-1] + bytes([image[-1] ^ 1])}[kind]
        if place != "nvm":
            slot, _, folder = place.partition("/")
            put_file(unit, f"system/{folder}/ip500v2.bin", data, slot)
        elif data is not None:
            with probe(unit):
                unit.records.replace("firmware", data)
    return unit


@pytest.mark.parametrize("kinds", list(product(KINDS, repeat=len(PLACES))), ids=",".join)
def test_the_first_present_and_valid_binary_runs(kinds: tuple[str, ...]) -> None:
    unit = do(_stocked(kinds), "power_on")
    expected = next((place for place, kind in zip(PLACES, kinds, strict=True) if kind == "valid"), None)
    looked_at = list(PLACES) if expected is None else list(PLACES)[: list(PLACES).index(expected)]
    assert [data["place"] for data in events(unit, "firmware.rejected")] == looked_at
    if expected is None:
        assert (unit.state, unit.lights.cpu.label) == ("firmware.none", "red")
        assert events(unit, "firmware.chosen") == []
    else:
        assert unit.state == "running"
        assert events(unit, "firmware.chosen") == [{"place": expected, "release": PLACES[expected]}]


@pytest.mark.parametrize(
    ("kinds", "place"),
    [(("valid", "valid", "valid", "valid", "valid"), "system-sd/backup"), (("valid",) * 2 + ("absent",) * 3, None)],
)
def test_aux_held_at_power_on_skips_system_sd_primary_and_nvm(kinds: tuple[str, ...], place: str | None) -> None:
    unit = do(_stocked(kinds), "power_on", holding="aux")
    assert [data["place"] for data in events(unit, "firmware.chosen")] == ([place] if place else [])
    why = {data["place"]: data["why"] for data in events(unit, "firmware.rejected")}
    assert why["system-sd/primary"] == why["nvm"] == "AUX was held at power-on"


def test_the_button_counts_for_one_start_only() -> None:
    unit = start_again(shut_down(), holding="aux")
    assert unit.state == "firmware.none"
    assert start_again(unit).state == "running"


def test_manager_answers_bootp_for_a_known_mac_only() -> None:
    unit = fresh(network=Network(manager_firmware={"00e007000001": "12.0"}))
    put_file(unit, BINARY, None)
    do(unit, "power_on")
    assert events(unit, "bootp.unanswered") == [{"text": f"Received BOOTP request for {MAC}, unable to process"}]
    assert unit.state == "firmware.none"
    unit.surroundings = Network(manager_firmware={MAC: "12.0"})
    wait(unit, 5 * 60_000)
    assert unit.state == "running"
    assert events(unit, "firmware.chosen") == [{"place": "bootp", "release": "12.0"}]


def test_a_known_mac_is_served_at_once() -> None:
    unit = fresh(network=Network(manager_firmware={MAC: "11.1"}))
    put_file(unit, BINARY, None)
    assert "firmware.none" not in states(do(unit, "power_on"))
    assert unit.release.version == "11.1"


def test_while_nobody_answers_the_requests_go_on_in_silence() -> None:
    unit = fresh()
    put_file(unit, BINARY, None)
    before = len(do(unit, "power_on").journal.events)
    wait(unit, 24 * 3600_000)
    assert unit.state == "firmware.none"
    assert len(unit.journal.events) == before


def test_the_configuration_beside_a_damaged_binary_is_not_used_with_one_from_manager() -> None:
    unit = shut_down()
    put_file(unit, BINARY, b"damaged")
    with probe(unit):
        unit.records.replace("firmware", b"")
    unit.surroundings = Network(manager_firmware={MAC: "12.3"})
    start_again(unit)
    [chosen] = since_power_on(unit, "configuration.chosen")
    assert (chosen["chosen"], chosen["stored"]) == ("nvm", "absent")


def test_the_nvm_copy_is_refreshed_by_a_start_from_the_card() -> None:
    unit = running("12.0")
    with probe(unit):
        assert unit.records.read("firmware") == image_of(BY_VERSION["12.0"])
    assert events(unit, "firmware.copied") == [{"to": "nvm", "release": "12.0"}]
    start_again(unit)
    assert since_power_on(unit, "firmware.copied") == []


def test_a_start_from_the_nvm_raises_an_alarm_and_restores_the_card() -> None:
    unit = shut_down()
    image = card_files(unit)[BINARY]
    put_file(unit, BINARY, b"damaged")
    start_again(unit)
    assert since_power_on(unit, "firmware.chosen") == [{"place": "nvm", "release": "12.3"}]
    assert [data["what"] for data in since_power_on(unit, "alarm")] == ["boot"]
    assert since_power_on(unit, "firmware.restored") == [{"to": "system-sd/primary", "release": "12.3"}]
    assert card_files(unit)[BINARY] == image
    start_again(unit)
    assert since_power_on(unit, "firmware.chosen")[0]["place"] == "system-sd/primary"
    assert since_power_on(unit, "alarm") == []


def test_without_a_card_it_starts_from_the_nvm_and_says_what_it_could_not_do() -> None:
    unit = shut_down()
    unit.remove("system-sd")
    start_again(unit)
    assert unit.state == "running"
    assert unit.lights.sd.label == "off"
    assert [data["what"] for data in since_power_on(unit, "alarm")] == ["System SD", "boot", "restore of the binary"]


@pytest.mark.parametrize("defect", ["failed", "no feature key"])
def test_a_card_that_is_no_good_shows_steady_red(defect: str) -> None:
    unit = shut_down()
    card = unit.slots["system-sd"].card
    assert card is not None
    card.failed = defect == "failed"
    card.feature_key = None
    start_again(unit)
    assert (unit.state, unit.lights.sd.label) == ("running", "red")


def test_the_folder_temp_is_not_kept_across_a_reboot_and_dynamic_is() -> None:
    unit = running()
    kept = {"system/dynamic/a": b"1", "system/dynamic/b/c": b"2"}
    for path, data in {**kept, "system/temp/a": b"3", "system/temp/b/c": b"4"}.items():
        put_file(unit, path, data)
    do(unit, "reboot")
    files = card_files(unit)
    assert {path: data for path, data in files.items() if path.startswith("system/dynamic")} == kept
    assert not [path for path in files if path.startswith("system/temp")]


def test_a_card_on_which_nothing_can_be_written_still_serves_its_binary() -> None:
    unit = shut_down()
    put_file(unit, "system/temp/a", b"x")
    card = unit.slots["system-sd"].card
    assert card is not None
    for block in range(card.part.geometry.blocks):
        card.part.add_defect(BadBlock(block))
    start_again(unit)
    assert since_power_on(unit, "firmware.chosen") == [{"place": "system-sd/primary", "release": "12.3"}]


def test_the_original_software_level_is_fixed_once_for_good() -> None:
    unit = running("11.1")
    do(unit, "upgrade", release="12.3")
    assert unit.release.version == "12.3"
    assert events(unit, "level.fixed") == [{"release": "11.1"}]
    level = original_level(unit)
    assert level is not None
    assert level.version == "11.1"


def test_a_new_card_in_a_used_unit_leaves_the_level_alone() -> None:
    unit = shut_down("11.1")
    put_file(unit, BINARY, image_of(BY_VERSION["12.3"]))
    start_again(unit)
    assert (unit.release.version, original_level(unit)) == ("12.3", BY_VERSION["11.1"])


def test_a_unit_that_is_on_cannot_be_switched_on() -> None:
    unit = running()
    with pytest.raises(Exception, match="power on is not possible in the state running"):
        act(unit, lambda: unit.platform.operations["power_on"](unit))


@pytest.mark.parametrize(("harm", "light"), [("none", "green"), ("failed", "red"), ("taken out", "off")])
def test_the_sd_light_tells_of_the_card_when_there_is_no_software(harm: str, light: str) -> None:
    unit = fresh()
    put_file(unit, BINARY, None)
    card = unit.slots["system-sd"].card
    assert card is not None
    card.failed = harm == "failed"
    if harm == "taken out":
        unit.remove("system-sd")
    do(unit, "power_on")
    assert (unit.state, unit.lights.cpu.label, unit.lights.sd.label) == ("firmware.none", "red", light)


def test_a_binary_from_before_the_platform_is_not_run() -> None:
    """An expansion came with Server Edition (R9): what is older is no software for it, from a card or from Manager."""
    unit = new_unit(Order(platforms.load("ip500v2_expansion"), seed=7), START, SILENT)
    put_file(unit, BINARY, image_of(BY_VERSION["6.2"]))
    unit.surroundings = Network(manager_firmware={unit.mac: "6.2"})
    do(unit, "power_on")
    assert unit.state == "firmware.none"
    assert "release 6.2 does not run here" in events(unit, "firmware.rejected")[0]["why"]
