"""The private key lies in the NVM, encrypted, and nowhere else; what was replaced is gone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.security.keys import KeyPair
from tests.boot.cuts import crash_states
from tests.boot.units import do, identity_of, images, running, shut_down, start_again

WINDOW = 32


def _secrets(key: KeyPair) -> Iterator[bytes]:
    """p, q and d, and their encodings as a file would have them."""
    private = key.private
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    for number in (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp):
        size = (number.bit_length() + 7) // 8
        yield number.to_bytes(size, "big")
        yield number.to_bytes(size, "little")


def _leaks(key: KeyPair, contents: bytes) -> list[str]:
    """Every window of the key that occurs in the contents."""
    windows = {secret[n : n + WINDOW] for secret in _secrets(key) for n in range(len(secret) - WINDOW + 1)}
    firsts = {window[:8] for window in windows}
    return [
        contents[n : n + WINDOW].hex()
        for n in range(len(contents))
        if contents[n : n + 8] in firsts and contents[n : n + WINDOW] in windows
    ]


def _flash(unit: Appliance) -> bytes:
    """Everything on every part; erased blocks hold no secret."""
    return b"".join(block for part in images(unit).values() for block in part if block.strip(b"\xff"))


def _journal(unit: Appliance) -> str:
    return "\n".join(event.line() for event in unit.journal.events)


def _default(unit: Appliance) -> Appliance:
    return do(unit, "default_security")


def _delete(unit: Appliance) -> Appliance:
    return do(unit, "delete_certificate")


def _upgrade(unit: Appliance) -> Appliance:
    return do(unit, "upgrade", release="12.3")


def _shut_down(unit: Appliance) -> Appliance:
    return do(unit, "shutdown")


ACTIONS = [lambda unit: unit, _default, _delete, _upgrade, _shut_down, start_again]


@pytest.mark.parametrize("action", ACTIONS, ids=["first start", "default", "delete", "upgrade", "shutdown", "start"])
def test_the_key_is_never_anywhere_else(action: Callable[[Appliance], Appliance]) -> None:
    unit = running("12.0")
    keys = [identity_of(unit).key]
    action(unit)
    if unit.ram.identity is not None:
        keys.append(unit.ram.identity.key)
    flash, journal = _flash(unit), _journal(unit)
    for key in keys:
        assert _leaks(key, flash) == []
        assert key.der not in flash
        for secret in (*_secrets(key), key.der):
            for text in (secret.hex(), b64encode(secret).decode(), str(int.from_bytes(secret, "big"))):
                assert text[8:40] not in journal
                assert text[8:40].upper() not in journal
        assert repr(key) == "KeyPair(…)"


def test_this_test_would_see_a_leak() -> None:
    key = identity_of(running()).key
    assert _leaks(key, b"x" * 100 + key.der + b"y" * 100) != []


def _sealed(unit: Appliance) -> bytes:
    with probe(unit):
        return unit.records.read("security") or b""


@pytest.mark.parametrize("release", ["6.2", "12.3"])  # 6.2 puts nothing in the place of what it deletes
@pytest.mark.parametrize("action", [_default, _delete])
def test_what_a_default_or_a_deletion_replaces_is_gone_from_the_flash(
    action: Callable[[Appliance], object], release: str
) -> None:
    unit = _default(running(release))
    old = _sealed(unit)
    pieces = [old[n : n + WINDOW] for n in range(0, len(old), WINDOW)]
    assert all(piece in _flash(unit) for piece in pieces)
    action(unit)
    flash = _flash(unit)
    assert not [piece for piece in pieces if piece in flash]


def test_what_was_replaced_is_gone_after_the_recovery_from_a_cut_too() -> None:
    base = start_again(shut_down())
    made, old = identity_of(base), _sealed(base)
    pieces = [old[n : n + WINDOW] for n in range(16, len(old) - WINDOW, WINDOW)]
    for cut, crashed in crash_states(base, _default, sample=0):
        if identity_of(start_again(crashed)) != made:
            flash = _flash(crashed)
            assert not [piece for piece in pieces if piece in flash], cut


def test_an_alarm_or_a_refusal_tells_no_secret() -> None:
    unit = running()
    do(unit, "default_security", via="serial", mac="00e007000001")
    assert identity_of(unit).key.der.hex()[60:100] not in _journal(unit)
