"""Power cut in whatever changes an ignited server's certificates: what was begun is finished by the next start.

After that start the identity is issued by the CA that is on the disk, and names the host and the addresses that are on
the disk, wherever the policy says that it follows them; without the change on the disk it is the one before, whole.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.security.issuing import Wanted
from firmware.security.keys import KeyKind
from firmware.security.settings import Origin
from firmware.storage.volume import mounted
from tests.boot.cuts import Action, crash_states
from tests.boot.units import do, images, start_again
from tests.credentials.units import (
    ENROLMENT,
    among,
    answer_to,
    elliptic,
    isolated,
    manager,
    pem_of,
    pem_with_key,
    roots,
)
from tests.ignition.cuts import check_settled, check_whole, recover
from tests.ignition.units import apply, at, authority_of, finish, fresh, ignited, kept, settings_of
from tests.security.authorities import ISSUING, ISSUING_KEY, MIDDLE, ROOT, pem


def _does(operation: str, **arguments: object) -> Action:
    return lambda unit: do(unit, operation, **arguments)


def _with_created_ca() -> Appliance:
    return do(ignited(), "create_authority")


def _with_request() -> Appliance:
    return do(ignited(), "make_request")


def _answer_to(unit: Appliance) -> bytes:
    request = settings_of(unit).request
    assert request is not None
    return pem_of(*answer_to(request.der))


def _enrolled() -> Appliance:
    return do(among(ignited(), manager()), "enrol", **BY_PASSWORD)


BY_PASSWORD = {"manager": "smgr", "password": ENROLMENT}
SET = pem_with_key(elliptic())
ANOTHER_CA = pem(ISSUING_KEY, ISSUING, MIDDLE, ROOT)

SITUATIONS: dict[str, tuple[Callable[[], Appliance], Action]] = {
    "host name": (ignited, _does("set_host_name", host_name="other.example.com")),
    "address": (ignited, _does("set_address", lan=0, interface="10.9.9.9/24")),
    "address of a module": (lambda: ignited("ucm"), _does("set_address", lan=1, interface="10.9.9.9/24")),
    "host name, imported CA": (lambda: ignited("primary, CA imported"), _does("set_host_name", host_name="other")),
    "host name of a secondary": (lambda: ignited("secondary"), _does("set_host_name", host_name="other")),
    "address of an expansion": (lambda: ignited("expansion"), _does("set_address", lan=0, interface="10.9.9.9/24")),
    "renew": (ignited, _does("renew_authority")),
    "create": (ignited, _does("create_authority")),
    "create again": (_with_created_ca, _does("create_authority")),
    "create beside an imported one": (lambda: ignited("primary, CA imported"), _does("create_authority")),
    "security default": (ignited, _does("default_security")),
    "security default of a secondary": (lambda: ignited("secondary"), _does("default_security")),
    "joins": (lambda: ignited("secondary"), _does("initial_configuration", primary="10.1.2.3", lan1="10.1.2.9/24")),
    "SIP names": (ignited, _does("set_sip", domain="example.com", fqdn="sip.example.com")),
    "issue": (ignited, _does("issue_certificate", wanted=Wanted("a", ("a",), key=KeyKind.P_256))),
    "import a CA": (ignited, _does("import_authority", data=ANOTHER_CA)),
    "import a CA after another": (lambda: ignited("primary, CA imported"), _does("import_authority", data=ANOTHER_CA)),
    "set an identity": (ignited, _does("set_identity", data=SET)),
    "set an identity of a secondary": (lambda: ignited("secondary"), _does("set_identity", data=SET)),
    "set telephony's": (ignited, _does("set_identity", data=SET, telephony=True)),
    "share": (lambda: do(ignited(), "set_identity", data=SET, telephony=True), _does("share_identity")),
    "request": (ignited, _does("make_request")),
    "answer": (_with_request, lambda unit: do(unit, "import_certificate", data=_answer_to(unit))),
    "trust": (ignited, _does("trust", data=pem_of(*roots(3)))),
    "distrust": (lambda: do(ignited(), "trust", data=pem_of(*roots(3))), _does("distrust", data=pem_of(*roots(2)))),
    "chain": (ignited, _does("set_chain", offered=False)),
    "checks": (ignited, _does("set_checks", management="High", telephony="Low")),
    "renewal by hand": (ignited, _does("set_renewal", automatic=False)),
    "enrol": (lambda: among(ignited(), manager()), lambda unit: do(isolated(unit), "enrol", **BY_PASSWORD)),
    "security default of an enrolled one": (_enrolled, _does("default_security")),
}
CHANGES = ("network", "configuration", "authority")  # the records by which the rest must go


def _check(crashed: Appliance, before: Appliance, after: Appliance, where: object) -> None:
    found, old, new = kept(crashed), kept(before), kept(after)
    for record in CHANGES:
        assert found[record] in (old[record], new[record]), (where, record)
    changed = any(found[record] != old[record] for record in CHANGES)
    at_rest = settings_of(crashed)
    unit = recover(crashed)
    assert unit.state == "running", where
    check_whole(unit, where)
    follows = before.ram.identity != after.ram.identity
    if unit.ram.identity == before.ram.identity:
        assert at_rest.identity is not None, where
        assert not (changed and follows), where
        if changed:  # what does not follow by a new identity is in the settings: a renewed CA in the store
            assert settings_of(unit) == settings_of(after), where
        else:
            assert settings_of(unit) == at_rest, where
            assert at_rest in (settings_of(before), settings_of(after)), where
    else:
        assert follows, where
        assert settings_of(unit).generation == settings_of(after).generation, where
        assert unit.ram.identity is not None
        assert after.ram.identity is not None
        assert unit.ram.identity.key == after.ram.identity.key, where
        ca, is_made_here = authority_of(unit), settings_of(unit).origin is Origin.MADE
        assert not is_made_here or unit.ram.identity.chain[1:] == (ca.chain if ca else ()), where
        assert settings_of(unit).users == settings_of(after).users, where
        assert settings_of(unit).trusted == settings_of(after).trusted, where
        assert settings_of(unit).membership == settings_of(after).membership, where
        if is_made_here and before.platform.root_profile:
            assert unit.platform.objections(unit) == [], where
    check_settled(unit, where)


def _cut_everywhere(name: str, sample: int | None) -> None:
    make, action = SITUATIONS[name]
    before = make()
    after = before.copy()
    action(after)
    for cut, crashed in crash_states(before, action, sample=sample):
        _check(crashed, before, after, cut)


@pytest.mark.parametrize("name", ["create", "address"])
def test_what_was_cut_short_is_finished_by_the_next_start(name: str) -> None:
    _cut_everywhere(name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_what_was_cut_short_in_any_form_is_finished_by_the_next_start(name: str) -> None:
    _cut_everywhere(name, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["create", "security default", "host name"])
def test_so_it_is_when_the_recovery_is_cut_short_too(name: str) -> None:
    make, action = SITUATIONS[name]
    before = make()
    after = before.copy()
    action(after)
    seen: set[object] = set()
    for number, (first, crashed) in enumerate(crash_states(before, action)):
        if number % 19 == 0:
            for second, again in crash_states(crashed, start_again, seen, sample=number // 19):
                _check(again, before, after, (first, second))


def _reinstall(unit: Appliance) -> Appliance:
    return do(unit, "reinstall")


@pytest.mark.parametrize("folders", [0, 3, 4])
def test_an_installation_that_is_cut_short_never_starts_as_something_between(folders: int) -> None:
    """``folders`` more in the root, so that its older half lacks some: half a format would bring that one back."""
    base = at("primary", "review")
    with probe(base), mounted(base.internal) as volume:
        for number in range(folders):
            volume.make_directories(f"folder{number}")
    apply(base)
    outcomes = set()
    for cut, crashed in crash_states(base, _reinstall):
        unit = recover(crashed)
        outcomes.add(unit.state)
        if unit.state == "running":  # nothing was changed yet
            assert kept(unit) == kept(base), cut
            assert unit.ram.identity == base.ram.identity, cut
            continue
        assert unit.state in ("system.none", "ignition.login"), cut
        found = kept(unit) if unit.state == "ignition.login" else {}
        assert {name for name, data in found.items() if data is not None} <= {"system"}, cut
        if cut.operation % 5 == 0:
            finish(_reinstall(unit))
            assert unit.state == "running", cut
            check_whole(unit, cut)
    assert outcomes >= {"running", "system.none"}


def test_an_installation_makes_all_keys_new() -> None:
    unit = ignited()
    identity, ca, passwords = unit.ram.identity, unit.ram.authority, kept(unit)["accounts"]
    assert identity is not None
    assert ca is not None
    finish(_reinstall(unit))
    assert unit.state == "running"
    assert unit.ram.identity is not None
    assert unit.ram.authority is not None
    assert unit.ram.identity.key != identity.key
    assert unit.ram.authority.key != ca.key
    assert unit.ram.authority.root != ca.root
    assert kept(unit)["accounts"] != passwords
    assert settings_of(unit).generation == 1
    assert unit.ram.identity.der not in (identity.der, finish(do(fresh(), "power_on")).ram.identity)


def test_an_installation_on_a_unit_that_is_off_starts_it() -> None:
    unit = do(fresh(), "reinstall", release="12.0")
    assert unit.state == "ignition.login"
    assert unit.release.version == "12.0"
    assert images(unit) != images(fresh())


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("set_address", {"lan": 0, "interface": "10.9.9.9/24"}),
        ("set_host_name", {"host_name": "other"}),
        ("set_sip", {"fqdn": "sip.example.com"}),
    ],
)
def test_an_identity_that_was_kept_by_hand_is_kept_by_a_start_too(
    operation: str, arguments: dict[str, object], again: bool
) -> None:
    unit = ignited()
    do(unit, "set_renewal", automatic=False)
    before = unit.ram.identity
    do(unit, operation, **arguments)
    do(unit, "set_renewal", automatic=True)
    if again:  # what is saved later has no new name
        do(unit, "set_alarms", syslog=("192.0.2.1",))
    assert start_again(unit).ram.identity == before
    check_settled(unit, operation)
