"""No password, no hash of one, no private key stands in the journal, in an error, or in clear on the disk."""

from __future__ import annotations

from base64 import b64encode

import pytest

from firmware.appliance import Appliance
from firmware.security.keys import KeyPair
from ignition import wizard
from ignition.sessions import desk
from tests.boot.cuts import crash_states
from tests.boot.test_secrets import _leaks, _secrets
from tests.boot.units import cut_power, do, images, start_again
from tests.ignition.imports import company_ca, imported_file
from tests.ignition.units import (
    ADMINISTRATOR,
    KINDS,
    ROOT,
    SYSTEM,
    apply,
    at,
    given_for,
    ignited,
    kept,
    pages_of,
    settings_of,
)

PASSWORDS = (ROOT, ADMINISTRATOR, SYSTEM)


def _flash(unit: Appliance) -> bytes:
    return b"".join(block for part in images(unit).values() for block in part if block.strip(b"\xff"))


def _journal(unit: Appliance) -> str:
    return "\n".join(event.line() for event in unit.journal.events)


def _check(unit: Appliance, keys: list[KeyPair], hashes: list[str]) -> None:
    flash, journal = _flash(unit), _journal(unit)
    for password in PASSWORDS:
        for form in (password.encode(), b64encode(password.encode()), password.encode().hex().encode()):
            assert form not in flash
            assert form.decode() not in journal
    for hashed in hashes:
        assert hashed.split("$")[4] not in journal
        assert hashed.split("$")[3] not in journal
    for key in keys:
        assert _leaks(key, flash) == []
        assert b64encode(key.der)[40:80] not in flash
        for secret in (*_secrets(key), key.der):
            for text in (secret.hex(), b64encode(secret).decode(), str(int.from_bytes(secret, "big"))):
                assert text[8:40] not in journal


def _hashes(unit: Appliance) -> list[str]:
    accounts = (kept(unit)["accounts"] or b"").decode().splitlines()
    users = [user.password.decode() for user in settings_of(unit).users if user.password]
    return [line.split(":", 1)[1] for line in accounts] + users


def _keys(unit: Appliance) -> list[KeyPair]:
    owners = (unit.ram.identity, unit.ram.authority)
    return [owner.key for owner in owners if owner is not None]


@pytest.mark.parametrize("kind", [*KINDS])
def test_an_ignition_leaves_no_secret_in_clear(kind: str) -> None:
    for page in pages_of(kind):
        unit = at(kind, page)
        _check(unit, [company_ca().key], list((desk(unit).answers.of("passwords") or {}).values()))
    unit = ignited(kind)
    keys, hashes = _keys(unit), _hashes(unit)
    assert len(hashes) >= 5
    _check(unit, keys, hashes)
    _check(start_again(unit), keys, hashes)
    with_others = do(unit, "default_security")
    _check(with_others, keys + _keys(with_others), hashes)


def test_a_cut_in_apply_leaves_no_secret_in_clear() -> None:
    keys, hashes = _keys(ignited()), _hashes(ignited())
    for cut, crashed in crash_states(at("primary", "review"), apply, sample=2):
        if cut.operation % 12 == 0:
            _check(crashed, keys, hashes)
            _check(start_again(crashed), keys, hashes)


def test_an_error_repeats_no_secret() -> None:
    unit = at("primary", "passwords")
    wizard.submit(unit, "browser", "passwords", given_for(unit, "passwords", root="aaaa-Secret", root_again="x"))
    wizard.submit(unit, "browser", "passwords", given_for(unit, "passwords", root="Sec-ret", root_again="Sec-ret"))
    assert "aaaa-Secret" not in _journal(unit)
    assert "Sec-ret" not in _journal(unit)
    unit = at("primary", "security")
    values = {"ca": "import", "ca_file": imported_file(), "ca_password": "not-the-secret"}
    shown = wizard.submit(unit, "browser", "security", values)
    assert shown.errors
    assert "not-the-secret" not in str(shown.errors) + _journal(unit)
    assert imported_file()[200:260] not in _journal(unit)


def test_the_answers_are_of_no_use_to_another_unit() -> None:
    unit = cut_power(at("primary", "review"))
    other = unit.copy()
    other.sealed = other.sealed.__class__(other.records, other.entropy.__class__(8, other.mac))
    start_again(other)
    assert other.state == "ignition.login"
    assert desk(other).answers.pages == ()
    assert desk(start_again(unit)).answers.pages != ()
