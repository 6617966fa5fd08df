"""The trusted certificate store of a unit: how much it takes, by which ways, and what no power cut can do to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.credentials.store import hold_own_authority
from firmware.security import factory
from firmware.storage.volume import mounted
from tests.boot import units as boot
from tests.boot.cuts import crash_states
from tests.boot.units import cut_power, do, events, identity_of, images, overprograms, since_power_on, start_again
from tests.credentials.units import (
    KINDS,
    answer_to,
    issued,
    nearly_full,
    pem_of,
    refused,
    roots,
    settings_in_use,
    settings_on_flash,
    third_party,
    unit_of,
)
from tests.ignition.units import ignited

FACTORY = factory.store()
ADD = {
    "ip500v2": "system/primary/certificates/tcs/add/",
    "primary": "opt/ipoffice/system/primary/certificates/tcs/add/",
}
DELETE = {kind: folder.replace("/add/", "/delete/") for kind, folder in ADD.items()}


def store_of(unit: Appliance) -> tuple[bytes, ...]:
    return settings_in_use(unit).trusted


def put(unit: Appliance, path: str, data: bytes) -> Appliance:
    """Put a file where the unit keeps its files, from outside."""
    with probe(unit), mounted(unit.parts()[unit.platform.files]) as volume:
        volume.replace(path, data)
    return unit


def waiting(unit: Appliance, kind: str) -> dict[str, bytes]:
    """The files in the folders of the store."""
    with probe(unit), mounted(unit.parts()[unit.platform.files]) as volume:
        paths = [path for path, _ in list(volume.files()) if path.startswith((ADD[kind], DELETE[kind]))]
        return {path: volume.read(path) or b"" for path in paths}


def own_of(kind: str) -> tuple[bytes, ...]:
    """What a unit of this kind has in its store before anybody has touched it."""
    ca = unit_of(kind).ram.authority
    return (*FACTORY, *(ca.chain if ca else ()))


# What is in it, by operation.


@pytest.mark.parametrize("kind", KINDS)
def test_it_begins_with_the_factory_s_certificate_and_the_unit_s_own_ca(kind: str) -> None:
    assert store_of(unit_of(kind)) == own_of(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_added_comes_last_and_is_there_once_and_after_a_restart(kind: str) -> None:
    unit = unit_of(kind)
    one, other = roots(2)
    do(unit, "trust", data=pem_of(one, other, one))
    assert store_of(unit) == (*own_of(kind), one, other)
    before, noted = images(unit), len(unit.journal.events)
    do(unit, "trust", data=other)  # DER
    assert images(unit) == before
    assert len(unit.journal.events) == noted
    start_again(unit)
    assert store_of(unit) == (*own_of(kind), one, other)
    assert [event["how"] for event in events(unit, "trust.changed")][-2:] == ["added", "added"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_is_gone_and_the_rest_stays_in_its_order(kind: str) -> None:
    unit = unit_of(kind)
    one, other, third = roots(3)
    do(unit, "trust", data=pem_of(one, other, third))
    do(unit, "distrust", data=pem_of(third, one))
    assert store_of(start_again(unit)) == (*own_of(kind), other)


@pytest.mark.parametrize("kind", KINDS)
def test_removing_what_is_not_there_is_refused_whole(kind: str) -> None:
    unit = do(unit_of(kind), "trust", data=roots(1)[0])
    said = refused(unit, "distrust", data=pem_of(*roots(2)))
    assert "does not hold CN=Root 1 (SHA-256 " in said


@pytest.mark.parametrize("operation", ["trust", "distrust"])
def test_only_certificates_go_in_or_out(operation: str) -> None:
    unit = unit_of("ip500v2")
    for data in (b"", b"no certificate", pem_of(*roots(1))[:-30], bytes(300_000)):
        assert refused(unit, operation, data=data).startswith("not ")
    cut_power(unit)
    with pytest.raises(Exception, match="trusted certificate store cannot be changed"):
        do(unit, operation, data=roots(1)[0])


@pytest.mark.parametrize(("release", "capacity"), [("6.2", 25), ("8.1", 25), ("9.1", 25), ("10.0", 64), ("12.3", 64)])
def test_more_than_the_release_has_room_for_is_refused_whole(release: str, capacity: int) -> None:
    unit = boot.running(release)
    free = capacity - len(FACTORY)
    do(unit, "trust", data=pem_of(*roots(free - 1)))
    said = refused(unit, "trust", data=pem_of(*roots(free + 1)))
    assert said.endswith(f"has room for {capacity} certificates and holds {capacity - 1}: 2 more do not fit")
    do(unit, "trust", data=pem_of(*roots(free)))
    assert len(store_of(start_again(unit))) == capacity
    refused(unit, "trust", data=roots(free + 1)[-1])


def test_a_store_that_is_over_full_after_a_way_back_to_an_older_release_still_lets_go() -> None:
    unit = do(boot.running("12.3"), "trust", data=pem_of(*roots(40)))
    do(unit, "upgrade", release="9.1")
    assert unit.release.version == "9.1"
    assert len(store_of(unit)) == 41
    refused(unit, "trust", data=roots(41)[-1])
    do(unit, "distrust", data=pem_of(*roots(20)))
    assert len(store_of(unit)) == 21


@pytest.mark.parametrize("kind", KINDS)
def test_a_security_default_restores_the_factory_s_set(kind: str) -> None:
    unit = do(unit_of(kind), "trust", data=pem_of(*roots(5)))
    do(unit, "distrust", data=FACTORY[0])
    assert FACTORY[0] not in store_of(unit)
    do(unit, "default_security")
    assert store_of(unit) == own_of(kind)
    assert store_of(start_again(unit)) == own_of(kind)


# The unit's own CA.


@pytest.mark.parametrize("operation", ["renew_authority", "create_authority"])
def test_the_unit_s_new_ca_stands_beside_the_old_one(operation: str) -> None:
    unit = unit_of("primary")
    seen = [unit.ram.authority, *(do(unit, operation).ram.authority for _ in range(2))]
    ders = [ca.der for ca in seen if ca is not None]
    assert len(set(ders)) == 3
    assert store_of(unit) == (*FACTORY, *ders)
    assert store_of(start_again(unit)) == (*FACTORY, *ders)


def test_the_unit_s_own_ca_stays_in_its_store() -> None:
    unit = unit_of("primary")
    assert unit.ram.authority is not None
    assert "own CA stays" in refused(unit, "distrust", data=unit.ram.authority.der)
    assert unit.ram.authority.der in store_of(unit)


def test_an_own_ca_that_does_not_fit_is_an_alarm_and_no_more() -> None:
    unit = do(unit_of("primary"), "trust", data=pem_of(*roots(62)))
    before = store_of(unit)
    do(unit, "create_authority")
    assert store_of(unit) == before
    assert {alarm["what"] for alarm in events(unit, "alarm")} == {"trusted certificate store"}
    assert identity_of(unit).is_whole()
    assert unit.ram.authority is not None
    assert identity_of(unit).chain[1:] == unit.ram.authority.chain
    do(unit, "distrust", data=roots(1)[0])
    start_again(unit)
    assert unit.ram.authority.der in store_of(unit)


def test_an_own_ca_that_the_settings_have_no_room_for_holds_up_no_start() -> None:
    unit = nearly_full(unit_of("primary"))
    do(unit, "create_authority")
    start_again(unit)
    assert unit.state == "running"
    assert {alarm["what"] for alarm in since_power_on(unit, "alarm")} >= {"trusted certificate store"}
    assert identity_of(unit).is_whole()
    do(unit, "distrust", data=pem_of(*roots(20, 10)))
    start_again(unit)
    assert unit.ram.authority is not None
    assert unit.ram.authority.der in store_of(unit)
    assert identity_of(unit).chain[1:] == unit.ram.authority.chain


def test_a_unit_without_settings_or_ca_has_nothing_to_hold() -> None:
    unit = unit_of("ip500v2")
    before = images(unit)
    hold_own_authority(unit)
    unit.ram.settings = None
    hold_own_authority(unit)
    assert images(unit) == before


# By its folders.


@pytest.mark.parametrize("kind", KINDS)
def test_files_in_the_folders_are_dealt_with_once_by_the_next_start(kind: str) -> None:
    unit = unit_of(kind)
    one, other, third = roots(3)
    do(unit, "trust", data=pem_of(one, third))
    put(unit, ADD[kind] + "a.pem", pem_of(other, one))
    put(unit, DELETE[kind] + "b.der", third)
    start_again(unit)
    assert store_of(unit) == (*own_of(kind), one, other)
    assert waiting(unit, kind) == {}
    assert [event["how"] for event in since_power_on(unit, "trust.changed")] == ["added", "removed"]
    before = images(unit)
    start_again(unit)
    assert images(unit) == before
    assert not since_power_on(unit, "trust.changed", "alarm")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_used_stays_with_an_alarm_and_holds_up_no_other(kind: str) -> None:
    unit = unit_of(kind)
    bad = {
        "0 empty": b"", "1 words": b"no certificate", "2 cut.pem": pem_of(roots(1)[0])[:-40], "3 huge": bytes(300_000),
        "4 key.pem": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    }  # fmt: skip
    for name, data in bad.items():
        put(unit, ADD[kind] + name, data)
    put(unit, ADD[kind] + "5 good.pem", pem_of(roots(1)[0]))
    put(unit, DELETE[kind] + "0 words", b"no certificate")
    start_again(unit)
    assert store_of(unit) == (*own_of(kind), roots(1)[0])
    stay = {*(ADD[kind] + name for name in bad), DELETE[kind] + "0 words"}
    assert set(waiting(unit, kind)) == stay
    assert {alarm["what"] for alarm in since_power_on(unit, "alarm")} == stay
    before = images(unit)
    assert images(start_again(unit)) == before
    assert len(since_power_on(unit, "alarm")) == len(stay)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_more_than_there_is_room_for_stays_whole(kind: str) -> None:
    unit = unit_of(kind)
    put(unit, ADD[kind] + "many.pem", pem_of(*roots(64)))
    start_again(unit)
    assert store_of(unit) == own_of(kind)
    assert list(waiting(unit, kind)) == [ADD[kind] + "many.pem"]
    assert "more do not fit" in since_power_on(unit, "alarm")[0]["why"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_what_is_not_there_removes_nothing_and_goes(kind: str) -> None:
    unit = put(unit_of(kind), DELETE[kind] + "x.pem", pem_of(roots(1)[0]))
    start_again(unit)
    assert store_of(unit) == own_of(kind)
    assert waiting(unit, kind) == {}
    assert not since_power_on(unit, "alarm")


@pytest.mark.parametrize("release", ["6.2", "12.3"])
def test_files_on_a_card_are_dealt_with_by_a_unit_s_very_first_start(release: str) -> None:
    unit = put(boot.fresh(release), ADD["ip500v2"] + "a.pem", pem_of(*roots(2)))
    crashed = boot.cut_power(do(unit.copy(), "power_on"))
    for found in (do(unit, "power_on"), start_again(crashed)):
        assert store_of(found) == (*FACTORY, *roots(2))
        assert (found.ram.identity is None) == (release == "6.2")
        assert waiting(found, "ip500v2") == {}


def _off_with_files(kind: str) -> Appliance:
    """A unit without power, files waiting in both folders, one of them no certificate."""
    unit = unit_of(kind)
    one, other, third = roots(3)
    do(unit, "trust", data=pem_of(third))
    if kind == "ip500v2":
        do(unit, "shutdown")
    cut_power(unit)
    for name, der in (("a.pem", one), ("b.pem", other)):
        put(unit, ADD[kind] + name, pem_of(der))
    put(unit, ADD[kind] + "c.pem", b"no certificate")
    return put(unit, DELETE[kind] + "d.pem", pem_of(third))


def _cut(kind: str, sample: int | None, every: int) -> None:
    base = _off_with_files(kind)
    one, other, third = roots(3)
    rest = own_of(kind)
    steps = [(*rest, third), (*rest, third, one), (*rest, third, one, other), (*rest, one, other)]
    identity, seen = settings_on_flash(base).identity, set()
    for number, (cut, crashed) in enumerate(crash_states(base, start_again, sample=sample)):
        found = settings_on_flash(crashed)
        assert found.trusted in steps, cut
        assert found.identity == identity, cut
        seen.add(steps.index(found.trusted))
        files = waiting(crashed, kind)
        assert ADD[kind] + "c.pem" in files, cut
        if found.trusted == steps[0]:
            assert len(files) == 4, cut  # no file goes before what it asks for is committed
        if number % every:
            continue
        unit = start_again(crashed)
        assert unit.state == "running", cut
        assert store_of(unit) == steps[-1], cut
        assert list(waiting(unit, kind)) == [ADD[kind] + "c.pem"], cut
        before = images(unit)
        assert images(start_again(unit)) == before, cut
        assert overprograms(unit) == 0, cut
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize("kind", KINDS)
def test_a_power_cut_loses_no_file_and_tears_no_store(kind: str) -> None:
    _cut(kind, 0, 9)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_so_does_a_power_cut_in_any_form(kind: str) -> None:
    _cut(kind, None, 1)


CHANGES: dict[str, Callable[[], tuple[Appliance, str, bytes]]] = {
    "trust": lambda: (unit_of("ip500v2"), "trust", pem_of(*roots(3))),
    "trust on a server": lambda: (unit_of("primary"), "trust", pem_of(*roots(3))),
    "distrust": lambda: (do(unit_of("ip500v2"), "trust", data=pem_of(*roots(3))), "distrust", pem_of(*roots(2))),
    "distrust on a server": lambda: (do(ignited(), "trust", data=pem_of(*roots(3))), "distrust", pem_of(*roots(2))),
}


def _cut_change(name: str, sample: int | None = None) -> None:
    base, operation, data = CHANGES[name]()
    before = settings_on_flash(base)
    after = settings_on_flash(do(base.copy(), operation, data=data))
    found = set()
    for cut, crashed in crash_states(base, lambda unit: do(unit, operation, data=data), sample=sample):
        assert settings_on_flash(crashed) in (before, after), cut
        found.add(settings_on_flash(start_again(crashed)))
    assert found == {before, after} or sample is not None


@pytest.mark.parametrize("name", CHANGES)
def test_a_power_cut_leaves_the_old_or_the_new_store(name: str) -> None:
    _cut_change(name, sample=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_power_cut_in_any_form_leaves_the_old_or_the_new_store(name: str) -> None:
    _cut_change(name)


# Through the identity.


def test_signing_certificates_of_a_third_party_join_those_of_the_unit() -> None:
    unit = unit_of("primary")
    chain = answer_to(do(unit, "make_request").ram.settings.request.der)  # type: ignore[union-attr]
    do(unit, "import_certificate", data=pem_of(*chain))
    assert store_of(unit) == (*own_of("primary"), *third_party().chain)
    assert third_party().chain == issued().chain[1:]
