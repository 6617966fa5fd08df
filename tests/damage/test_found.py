"""What the search has found, each by itself: damage under a checksum that holds, and the loss of all that counts."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.bench.summary import summarise
from firmware.credentials.generation import RECORD as ANNOUNCED
from firmware.device.faults import BitFlip
from firmware.security.authority import RECORD as AUTHORITY
from firmware.storage.records import GENERATION, build
from ignition import disk
from tests.boot.units import cut_power, do, identity_of, running, shut_down, since_power_on, slot_start, start_again
from tests.ignition.units import at, fill, ignited, log_in

TEXTS = (b"\xff\xfe=\n", b"A=\xff", b"\0", b"", b"root", b"no colon\n")


def _alarms(unit: Appliance) -> str:
    return " / ".join(f"{data['what']}: {data['why']}" for data in since_power_on(unit, "alarm"))


@pytest.mark.parametrize("content", TEXTS)
@pytest.mark.parametrize("record", [disk.NETWORK, disk.CLOCK, disk.SERVICES, disk.ACCOUNTS])
def test_a_text_file_of_wrong_content_counts_as_damaged(record: str, content: bytes) -> None:
    unit = cut_power(ignited())
    with probe(unit):
        unit.records.replace(record, content)
    summarise(unit)
    start_again(unit)
    assert unit.state == "running"
    assert unit.ram.identity == ignited().ram.identity
    if record in (disk.NETWORK, disk.ACCOUNTS) or b"\xff" in content:
        assert "missing or damaged" in _alarms(unit)


def test_a_server_in_its_wizard_is_none_that_text_nobody_can_read_makes_ignited() -> None:
    unit = cut_power(at("primary", "login"))
    with probe(unit):
        unit.records.replace(disk.SERVICES, b"\xff")
    assert start_again(unit).state == "ignition.login"


@pytest.mark.parametrize("name", ["", "x" * 65, "two words"])
def test_a_host_name_that_no_certificate_can_hold_is_not_used(name: str) -> None:
    unit = cut_power(ignited())
    with probe(unit):
        unit.records.replace(disk.NETWORK, f"HOSTNAME={name}\n".encode())
    start_again(unit)
    assert "network: missing or damaged" in _alarms(unit)
    unit.platform.operations["default_security"](unit)
    unit.platform.bring_up.settle(unit)
    assert identity_of(unit).is_whole()


@pytest.mark.parametrize("plain", [b"{}", b"[]", b"null", b"\xff", b"", b'{"pages":1,"plan":null,"announced":null}'])
def test_answers_of_wrong_content_are_damaged_answers(plain: bytes) -> None:
    unit = cut_power(at("primary", "review"))
    with probe(unit):
        unit.sealed.commit(disk.ANSWERS, plain)
    summarise(unit)
    start_again(unit)
    assert unit.state == "ignition.login"
    assert "its answers are damaged" in _alarms(unit)


def test_a_ca_of_wrong_content_is_none_for_the_wizard() -> None:
    unit = cut_power(at("primary", "security"))
    with probe(unit):
        unit.sealed.commit(AUTHORITY, b"no CA")
    start_again(unit)
    fill(log_in(unit), "review")


@pytest.mark.parametrize(("number", "created"), [(2, 2**60), (2, -(2**60)), (2, -2), (2**32 - 1, 0)])
def test_an_announcement_of_a_time_or_number_that_cannot_be_counts_for_nothing(number: int, created: int) -> None:
    unit = cut_power(do(running(), "delete_certificate"))
    with probe(unit):
        unit.records.replace(ANNOUNCED, build(GENERATION, {"number": number, "created": created, "same_key": False}))
    start_again(unit)
    do(do(unit, "default_security"), "default_security")
    assert identity_of(unit).is_whole()


def _both_copies(unit: Appliance, *records: str) -> Appliance:
    for record in records:
        for copy in (0, 1):
            unit.internal.flip(BitFlip(slot_start(unit, record, copy)[0], 0))
    return unit


def test_a_unit_that_has_lost_even_its_numbers_makes_no_second_certificate_over_the_same_key() -> None:
    made = identity_of(running())
    unit = start_again(_both_copies(shut_down(), "security", "generation"))
    anew = identity_of(unit)
    assert anew.key != made.key
    start_again(unit)
    assert identity_of(unit) == anew
    again = identity_of(start_again(_both_copies(cut_power(unit), "security", "generation")))
    assert again.key not in (made.key, anew.key)
