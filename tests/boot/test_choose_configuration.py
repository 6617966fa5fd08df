"""Boot step 4: the documented table of which configuration a unit starts with; what saves it, what defaults it."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.boot.choose_configuration import DefaultMark, default_mark
from firmware.boot.software import image_of
from firmware.device.faults import BitFlip, Cut, Moment
from firmware.peers.network import Network
from firmware.release import BY_VERSION
from firmware.storage.records import BOOT_FLAGS, build
from tests.boot.units import (
    BINARY,
    CONFIGURATION,
    MAC,
    card_files,
    cut_power,
    do,
    events,
    identity_of,
    put_file,
    running,
    shut_down,
    since_power_on,
    slot_start,
    start_again,
)

FILE, NVM, DEFAULT = "file", "nvm", "default"
BACKUP_BINARY, BACKUP_CONFIGURATION = "system/backup/ip500v2.bin", "system/backup/config.cfg"


def _named() -> Appliance:
    """A unit that is off. Its user 201 is Card in the file on the card, and Copy in the NVM."""
    unit = running()
    do(unit, "change_at_phone", extension="201", name="Card")
    do(unit, "set_address", lan=0, interface="10.0.0.5/24")
    file = card_files(unit)[CONFIGURATION]
    do(unit, "change_at_phone", extension="201", name="Copy")
    do(unit, "shutdown")
    put_file(unit, CONFIGURATION, file)
    return unit


def _user(unit: Appliance) -> str:
    assert unit.ram.configuration is not None
    return dict(unit.ram.configuration.users)["201"]


def _mark(unit: Appliance) -> None:
    with probe(unit):
        unit.records.replace("flags", build(BOOT_FLAGS, {"default": DefaultMark.COMMANDED}))


def _move_to(unit: Appliance, place: str) -> None:
    """Have the firmware come from this place."""
    if place == "system-sd/primary":
        return
    files = card_files(unit)
    put_file(unit, BINARY, None)
    if place == "system-sd/backup":
        put_file(unit, BACKUP_BINARY, files[BINARY])
        put_file(unit, BACKUP_CONFIGURATION, files.get(CONFIGURATION))
    if place != "nvm":
        with probe(unit):
            unit.records.replace("firmware", b"")
    if place == "bootp":
        unit.surroundings = Network(manager_firmware={MAC: "12.3"})


NAMES = {FILE: "Card", NVM: "Copy", DEFAULT: "Extn201"}

ROWS = [  # firmware from, the configuration there, a default commanded, the NVM's copy good -> what is loaded
    # boot.md: "an SD place | valid | load it"
    ("system-sd/primary", "valid", False, True, FILE),
    ("system-sd/primary", "valid", False, False, FILE),
    ("system-sd/backup", "valid", False, True, FILE),
    ("system-sd/backup", "valid", True, True, FILE),
    # "an SD place | invalid | NVM copy, else default"
    ("system-sd/primary", "invalid", False, True, NVM),
    ("system-sd/primary", "invalid", False, False, DEFAULT),
    ("system-sd/backup", "invalid", False, True, NVM),
    ("system-sd/backup", "invalid", False, False, DEFAULT),
    # "an SD place | absent | NVM copy, else default – but default at once when the reboot follows a default command"
    ("system-sd/primary", "absent", False, True, NVM),
    ("system-sd/primary", "absent", False, False, DEFAULT),
    ("system-sd/primary", "absent", True, True, DEFAULT),
    ("system-sd/primary", "absent", True, False, DEFAULT),
    ("system-sd/backup", "absent", False, True, NVM),
    ("system-sd/backup", "absent", True, True, DEFAULT),
    # a command cut short between its mark and the removal of the file: ours, so that a default is whole or not at all
    ("system-sd/primary", "valid", True, True, DEFAULT),
    ("system-sd/primary", "invalid", True, True, DEFAULT),
    # "NVM | – | NVM copy"
    ("nvm", "valid", False, True, NVM),
    ("nvm", "absent", False, True, NVM),
    ("nvm", "absent", False, False, DEFAULT),
    ("nvm", "absent", True, True, DEFAULT),
    # by BOOTP: assumed to be as from the NVM
    ("bootp", "valid", False, True, NVM),
    ("bootp", "absent", False, False, DEFAULT),
    ("bootp", "absent", True, True, DEFAULT),
]


@pytest.mark.parametrize(("place", "file", "commanded", "copy_good", "loaded"), ROWS)
def test_the_table(place: str, file: str, commanded: bool, copy_good: bool, loaded: str) -> None:
    unit = _named()
    if file != "valid":
        put_file(unit, CONFIGURATION, card_files(unit)[CONFIGURATION][:-1] if file == "invalid" else None)
    _move_to(unit, place)
    if commanded:
        _mark(unit)
    if not copy_good:
        _damage(unit, 0, 1)
    start_again(unit)
    assert unit.state == "running"
    assert since_power_on(unit, "firmware.chosen")[0]["place"] == place
    [chosen] = since_power_on(unit, "configuration.chosen")
    assert (chosen["chosen"], _user(unit)) == (loaded, NAMES[loaded])


def _damage(unit: Appliance, *copies: int) -> None:
    for copy in copies:
        unit.internal.flip(BitFlip(slot_start(unit, "configuration", copy)[0], 8 * 40))


@pytest.mark.parametrize("copy", [0, 1])
def test_one_damaged_copy_in_the_nvm_loses_nothing_and_is_mended(copy: int) -> None:
    unit = _named()
    put_file(unit, CONFIGURATION, None)
    _damage(unit, copy)
    assert _user(start_again(unit)) == "Copy"
    _damage(unit, 1 - copy)
    assert _user(start_again(unit)) == "Copy"


def test_a_damaged_file_raises_an_alarm() -> None:
    unit = _named()
    put_file(unit, CONFIGURATION, b"rubbish")
    start_again(unit)
    assert [data["what"] for data in since_power_on(unit, "alarm")] == ["configuration"]


def test_a_change_at_a_phone_is_lost_with_the_power_and_kept_by_a_shutdown() -> None:
    unit = running()
    do(unit, "change_at_phone", extension="201", name="Front desk")
    assert _user(start_again(unit.copy())) == "Extn201"
    do(unit, "shutdown")
    assert _user(start_again(unit)) == "Front desk"


def test_a_save_reaches_the_card_and_the_nvm_and_writes_nothing_twice() -> None:
    unit = running()
    do(unit, "set_address", lan=1, interface="10.1.0.5/24")
    assert events(unit, "configuration.saved")[-1]["to"] == ["system-sd/primary", "nvm"]
    assert card_files(unit)[CONFIGURATION] == unit.records.read("configuration")
    before = unit.rail.operations
    do(unit, "set_address", lan=1, interface="10.1.0.5/24")
    assert events(unit, "configuration.saved")[-1]["to"] == []
    assert unit.rail.operations == before


def test_a_default_clears_the_configuration_and_keeps_the_certificate() -> None:
    unit = start_again(_named())
    fingerprint = identity_of(unit).fingerprint
    do(unit, "default_configuration")
    assert _user(unit) == "Extn201"
    assert identity_of(unit).fingerprint == fingerprint
    assert CONFIGURATION not in card_files(unit)


def test_a_default_cut_short_after_its_mark_is_finished_by_the_next_start() -> None:
    unit = start_again(_named())
    unit.rail.arm(Cut(1, Moment.BEFORE, part="system-sd"))
    do(unit, "default_configuration")
    assert CONFIGURATION in card_files(unit)
    assert _user(start_again(unit)) == "Extn201"
    assert CONFIGURATION not in card_files(unit)


def test_the_mark_of_a_default_survives_until_a_configuration_is_saved() -> None:
    unit = start_again(_named())
    do(unit, "default_configuration")
    assert _user(start_again(unit)) == "Extn201"
    assert default_mark(unit) is DefaultMark.FILE_REMOVED
    do(unit, "shutdown")
    assert _user(start_again(unit)) == "Extn201"
    assert default_mark(unit) is DefaultMark.NONE
    put_file(unit, CONFIGURATION, None)
    assert since_power_on(start_again(unit), "configuration.chosen")[0]["chosen"] == NVM


def test_a_file_that_comes_after_a_default_is_loaded_and_not_eaten_by_the_mark() -> None:
    unit = start_again(_named())
    file = card_files(unit)[CONFIGURATION]
    do(unit, "default_configuration")
    cut_power(unit)
    put_file(unit, CONFIGURATION, file)
    assert _user(start_again(unit)) == "Card"
    assert card_files(unit)[CONFIGURATION] == file
    do(unit, "shutdown")
    assert default_mark(unit) is DefaultMark.NONE


def test_defaults_are_the_documented_ones() -> None:
    configuration = running().ram.configuration
    assert configuration is not None
    assert configuration.users == tuple((str(n), f"Extn{n}") for n in range(201, 209))
    assert configuration.hunt_groups == (("200", "Main"),)
    assert configuration.sip_tls == (False, False)
    assert configuration.system_name == MAC


def test_an_upgrade_keeps_the_configuration() -> None:
    unit = start_again(shut_down("12.0"))
    do(unit, "change_at_phone", extension="201", name="Front desk")
    old = card_files(unit)
    do(unit, "upgrade", release="12.3")
    files = card_files(unit)
    assert (unit.release.version, _user(unit)) == ("12.3", "Front desk")
    assert files[BINARY] == image_of(BY_VERSION["12.3"])
    assert (files[BACKUP_BINARY], files[BACKUP_CONFIGURATION]) == (old[BINARY], old[CONFIGURATION])


def test_an_upgrade_never_overwrites_a_good_backup_with_a_damaged_primary() -> None:
    unit = shut_down("12.0")
    good = card_files(unit)[BINARY]
    put_file(unit, BACKUP_BINARY, good)
    put_file(unit, BINARY, good[:-1])
    with probe(unit):
        unit.records.replace("firmware", b"")
    start_again(unit)
    assert since_power_on(unit, "firmware.chosen")[0]["place"] == "system-sd/backup"
    do(unit, "upgrade", release="12.3")
    assert unit.release.version == "12.3"
    assert card_files(unit)[BACKUP_BINARY] == good
