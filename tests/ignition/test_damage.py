"""Damage beyond what a power cut does: damaged and missing files, a full disk, failing blocks – told, never fatal, and
never a second identity in secret."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.device.faults import BadBlock, BitFlip
from firmware.errors import IpsimError, NotNow, StorageError
from firmware.security import reading
from firmware.storage.volume import mounted
from ignition import disk, sessions, wizard
from ignition.answers import Answers
from ignition.apply import TASKS
from ignition.sessions import desk
from tests.boot.units import act, cut_power, do, images, run_to, since_power_on, start_again
from tests.ignition.cuts import check_ignited, check_settled, check_whole
from tests.ignition.units import (
    ADMINISTRATOR,
    LINUX,
    another_disk,
    apply,
    at,
    authority_of,
    damage,
    fill,
    finish,
    given_for,
    ignited,
    kept,
    log_in,
    remove,
    send,
    settings_of,
    token_of,
)

SPOILS = {"damaged header": 8 * 12 + 1, "damaged data": 8 * 17 + 5, "missing": None}
MENDED = ("done", "accounts")  # these are told, and put right
TOLD = {
    "done": "the mark that it is done",
    "accounts": "made anew from the service users",
    "authority": "identities are self-signed until a CA is created",
    "configuration": "missing or damaged",
    "network": "defaults are used",
    "clock": "defaults are used",
    "services": "defaults are used",
}


def _spoil(unit: Appliance, record: str, how: str) -> Appliance:
    bit = SPOILS[how]
    return remove(unit, record) if bit is None else damage(unit, record, bit)


def _alarms(unit: Appliance) -> str:
    return " / ".join(f"{data['what']}: {data['why']}" for data in since_power_on(unit, "alarm"))


@pytest.mark.parametrize("how", SPOILS)
@pytest.mark.parametrize("record", [*TOLD, "mounts", "generation", "alarms"])
def test_a_spoiled_file_of_an_ignited_server_is_told_and_its_identity_stays(record: str, how: str) -> None:
    unit = cut_power(ignited("primary, further disk"))
    before, identity = kept(unit), ignited("primary, further disk").ram.identity
    start_again(_spoil(unit, record, how))
    assert unit.state == "running"
    assert unit.ram.identity == identity
    assert TOLD.get(record, "") in _alarms(unit)
    assert (_alarms(unit) == "") == (record not in TOLD and (record != "generation" or how == "missing"))
    if record in MENDED:
        assert {**kept(unit), "alarms": None} == {**before, "alarms": None}
        check_settled(unit, record)
    with pytest.raises(NotNow, match="the wizard is closed"):
        wizard.log_in(unit, "Administrator", "Administrator", "again")
    start_again(unit)
    assert unit.state == "running"
    assert unit.ram.identity == identity


@pytest.mark.parametrize("kind", LINUX)
@pytest.mark.parametrize("how", ["damaged data", "missing"])
def test_a_server_whose_mark_is_lost_is_what_it_was_and_never_ignited_again(kind: str, how: str) -> None:
    unit = cut_power(ignited(kind))
    start_again(_spoil(unit, "done", how))
    assert unit.platform is ignited(kind).platform
    assert {**kept(unit), "alarms": None} == kept(ignited(kind))
    check_settled(unit, kind)


def test_a_role_that_was_chosen_outlives_the_loss_of_the_mark() -> None:
    unit = at("primary", "server_type")
    send(unit, "server_type", server_type="expansion")
    finish(unit)
    cut_power(unit).platform = at("primary", "login").platform  # as a bench knows it: what was ordered
    start_again(damage(unit, "done"))
    assert unit.platform.name == "expansion"
    check_settled(unit, "role")


def test_a_mark_that_is_damaged_counts_though_the_services_are_lost_too() -> None:
    unit = cut_power(ignited())
    start_again(remove(damage(unit, "done"), "services"))
    assert unit.state == "running"
    assert unit.ram.identity == ignited().ram.identity


@pytest.mark.parametrize("how", SPOILS)
def test_spoiled_security_settings_make_the_next_identity_under_the_same_ca(how: str) -> None:
    unit = cut_power(ignited())
    ca, old = ignited().ram.authority, ignited().ram.identity
    start_again(_spoil(unit, "security", how))
    assert unit.state == "running"
    assert unit.ram.authority == ca
    assert unit.ram.identity is not None
    assert old is not None
    assert "security settings" in _alarms(unit)
    if how == "missing":  # what was announced is made, and that is the same again
        assert unit.ram.identity == old
    else:
        assert unit.ram.identity.key != old.key
        assert settings_of(unit).generation == 2
    check_whole(unit, how)
    check_settled(unit, how)


@pytest.mark.parametrize("how", SPOILS)
def test_without_its_system_record_nothing_starts_until_it_is_installed_anew(how: str) -> None:
    unit = start_again(_spoil(cut_power(ignited()), "system", how))
    assert unit.state == "system.none"
    assert since_power_on(unit, "system.missing")
    finish(do(unit, "reinstall"))
    check_whole(unit, how)


@pytest.mark.parametrize("how", ["damaged data", "missing"])
def test_a_ca_that_is_lost_can_be_created_and_is_none_that_there_was(how: str) -> None:
    unit = do(do(ignited(), "create_authority"), "create_authority")
    before = [authority_of(ignited()), unit.ram.authority]
    start_again(_spoil(cut_power(unit), "authority", how))
    with pytest.raises(NotNow, match="no CA"):
        unit.platform.operations["renew_authority"](unit)
    do(unit, "create_authority")
    check_whole(unit, how)
    made = authority_of(unit)
    assert made is not None
    assert made.key not in [ca.key for ca in before if ca]
    assert unit.platform.objections(unit) == []
    check_settled(unit, how)


def test_accounts_that_are_lost_never_open_the_server_to_the_installation_password() -> None:
    unit = start_again(damage(cut_power(ignited()), "accounts"))
    with pytest.raises(sessions.WrongPassword):
        sessions.log_in(unit, "Administrator", "Administrator", "a")
    assert sessions.log_in(unit, "Administrator", ADMINISTRATOR, "b")
    do(unit, "default_security")
    start_again(damage(cut_power(unit), "accounts"))
    assert "nobody can log in" in _alarms(unit)
    for password in ("Administrator", ADMINISTRATOR, ""):
        with pytest.raises(sessions.WrongPassword):
            sessions.log_in(unit, "root", password, "c")


@pytest.mark.parametrize("page", ["licence", "passwords", "review"])
def test_damaged_answers_begin_the_wizard_anew(page: str) -> None:
    unit = at("primary", page)
    if page == "licence":
        send(unit, page)
    start_again(damage(cut_power(unit), "answers"))
    assert unit.state == "ignition.login"
    assert "its answers are damaged" in _alarms(unit)
    assert desk(unit).answers == Answers()
    finish(unit)
    assert settings_of(unit).generation == 1
    check_whole(unit, page)


@pytest.mark.parametrize("how", ["damaged data", "missing"])
@pytest.mark.parametrize("state", [f"apply.{task.name}" for task in TASKS])
def test_a_plan_that_is_lost_in_apply_never_makes_the_same_keys_for_another_server(state: str, how: str) -> None:
    unit = at("primary", "review")
    unit.platform.bring_up.fire(unit, "apply")
    cut_power(run_to(unit, state))
    ca, identity = authority_of(unit), ignited().ram.identity
    with probe(unit):
        made = unit.vault.peek()[1]
    start_again(_spoil(unit, "answers", how))
    if state == "apply.done":  # all is there but the mark
        assert unit.state == "running"
        assert unit.ram.identity == identity
        return
    assert unit.state == "ignition.login"
    choices = {"network": {"host_name": "another", "address": "10.1.2.4"}}
    finish(unit, choices)
    check_whole(unit, state)
    assert unit.ram.identity is not None
    assert unit.ram.authority is not None
    assert unit.platform.objections(unit) == []
    if ca is not None:
        assert unit.ram.authority.key != ca.key
    if made is not None and made.identity is not None:
        assert unit.ram.identity.key != made.identity.key
    root, own = reading.load(unit.ram.authority.der), reading.load(unit.ram.identity.der)
    assert own.serial_number == root.serial_number + 1
    check_settled(unit, state)


def _bit_flips() -> st.SearchStrategy[tuple[int, int]]:
    used = [n for n, block in enumerate(ignited().internal.image()) if block.strip(b"\xff")]
    return st.tuples(st.sampled_from(used), st.integers(0, 8 * disk.STORAGE.geometry.block_size - 1))


RESTS = ("running", "ignition.login", "system.none")


@pytest.mark.slow
@settings(max_examples=150)
@given(data=st.data())
def test_a_bit_that_flips_anywhere_is_no_end_and_makes_no_half_identity(data: st.DataObject) -> None:
    unit = cut_power(ignited())
    for block, bit in data.draw(st.lists(_bit_flips(), min_size=1, max_size=4)):
        unit.internal.flip(BitFlip(block, bit))
    start_again(unit)
    assert unit.state in RESTS
    if unit.ram.identity is not None:
        assert unit.ram.identity.is_whole()
    start_again(unit)
    assert unit.state in RESTS


@pytest.mark.slow
@settings(max_examples=100)
@given(
    blocks=st.sets(st.integers(0, disk.STORAGE.geometry.blocks - 1), max_size=40), whole=st.booleans(),
    page=st.sampled_from(["network", "security", "review"]),
)  # fmt: skip
def test_failing_blocks_are_an_error_or_an_alarm_and_what_is_saved_stays(
    blocks: set[int], whole: bool, page: str
) -> None:
    unit = at("primary", page)
    before = desk(unit).answers
    for block in range(disk.STORAGE.geometry.blocks) if whole else blocks:
        unit.internal.add_defect(BadBlock(block))
    try:
        send(unit, page)
    except IpsimError:
        assert desk(unit).answers == before
    assert unit.state.split(".")[0] in ("ignition", "apply", "running")
    if unit.state == "apply.failed":
        assert since_power_on(unit, "alarm")
    start_again(unit)
    assert unit.state in (*RESTS, "apply.failed")
    if unit.state == "running":
        check_whole(unit, blocks)


def _fill_up(unit: Appliance) -> None:
    """Leave no room on the disk."""
    with probe(unit), mounted(unit.internal) as volume:
        volume.replace("var/log/big", b"x" * (volume.room() - 12 * 1024))
        while volume.room() > 512:
            volume.replace(f"var/log/{volume.room()}", b"x" * 256)


def _make_room(unit: Appliance) -> None:
    with probe(unit), mounted(unit.internal) as volume:
        for path, _ in list(volume.files("var/log")):
            volume.remove(path)


def test_a_full_disk_refuses_a_page_and_keeps_what_there_was() -> None:
    unit = at("primary", "network")
    _fill_up(unit)
    before, image = desk(unit).answers, images(unit)
    with pytest.raises(StorageError, match="full"):
        wizard.submit(unit, token_of(unit), "network", given_for(unit, "network"))
    assert (desk(unit).answers, images(unit)) == (before, image)
    _make_room(unit)
    send(unit, "network")


def test_apply_on_a_full_disk_fails_by_name_and_goes_on_when_there_is_room() -> None:
    unit = at("primary", "review")
    _fill_up(unit)
    apply(unit)
    assert unit.state == "apply.failed"
    assert "full" in _alarms(unit)
    _make_room(unit)
    act(unit, lambda: wizard.apply(unit, token_of(unit)))
    assert unit.state == "running"
    check_whole(unit, "full")
    assert settings_of(unit).generation == 1
    assert kept(unit)["answers"] is None


def test_a_further_disk_that_fails_holds_apply_up_until_it_is_taken_out() -> None:
    unit = at("primary, further disk", "review")
    card = unit.slots[disk.SECOND_DISK].card
    assert card is not None
    for block in range(disk.STORAGE.geometry.blocks):
        card.part.add_defect(BadBlock(block))
    apply(unit)
    assert unit.state == "apply.failed"
    assert "the further disk" in _alarms(unit) or "hardware" in _alarms(unit)
    start_again(unit)
    assert unit.state == "apply.failed"
    unit.remove(disk.SECOND_DISK)
    start_again(unit)
    assert unit.state == "running"
    check_whole(unit, "disk")
    assert kept(unit)["mounts"] is None


def test_a_further_disk_that_comes_while_review_is_open_is_asked_about_first() -> None:
    unit = at("primary", "review")
    unit.insert(disk.SECOND_DISK, another_disk())
    with pytest.raises(wizard.NotYet, match="New hardware") as refused:
        wizard.submit(unit, token_of(unit), "review", {})
    assert refused.value.page == "new_hardware"
    with pytest.raises(wizard.NotYet):
        wizard.apply(unit, token_of(unit))


def test_an_uncut_server_is_as_the_checks_want_it() -> None:
    for kind in LINUX:
        check_ignited(ignited(kind), kind, kind)
        check_settled(ignited(kind), kind)
    fill(log_in(at("primary", "login")))


def test_an_ignited_server_whose_mark_is_lost_meanwhile_never_takes_the_installation_s_password() -> None:
    unit = ignited()
    with probe(unit):
        disk.files(unit).remove(disk.DONE)
    with pytest.raises(sessions.WrongPassword):
        sessions.log_in(unit, "Administrator", sessions.INSTALLATION_PASSWORD, "stranger")
