"""Hostile input: whatever the bytes are, there is a verdict, within bounded work."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.memo import memos_off
from firmware.release import DEFAULT_RELEASE
from firmware.security.trust import Level, Purpose, offered, received, validate
from firmware.security.trust.members import signature_fault
from tests.security.trust import units
from tests.security.trust.pki import LEAF, NOW, Spec, chain, ders, make, old_things

OWN, MIDDLE, ROOT = chain(
    Spec(permitted=("example.com", "10.0.0.0/8"), excluded=("CN=x",)),
    Spec("Mid", identifiers="key"),
    LEAF.but(
        identifiers="key", mailbox="support@avaya.com", alternatives=("*.example.com", "sip:example.com", "10.0.0.1")
    ),
)
SEEDS = (*ders((OWN, MIDDLE, ROOT)), units.IP500V2, units.ISSUED, units.ROOT)


def _judge(presented: tuple[bytes, ...], store: tuple[bytes, ...]) -> None:
    with old_things():
        for names in ((), ("pbx.example.com", "10.0.0.1", "")):
            verdict = validate(presented, store, NOW, names=names)
            assert all(isinstance(objection, str) and objection for objection in verdict.objections)
            for level in Level:
                received(presented, store, NOW, level, DEFAULT_RELEASE, own=presented, names=names, sip=True)
        offered(OWN.der, store)


_EDITS = st.lists(
    st.tuples(st.integers(0, 1200), st.sampled_from(["set", "cut", "twice", "drop"]), st.integers(0, 255)), max_size=4
)


def _edited(der: bytes, edits: list[tuple[int, str, int]]) -> bytes:
    for place, what, value in edits:
        at = place % len(der) if der else 0
        der = {
            "set": der[:at] + bytes([value]) + der[at + 1 :],
            "cut": der[:at],
            "twice": der[: at + value] + der[at:],
            "drop": der[:at] + der[at + 1 + value % 8 :],
        }[what]
    return der


@given(st.sampled_from(SEEDS), _EDITS, st.sampled_from(SEEDS), _EDITS)
@settings(max_examples=300)
def test_damaged_certificates_are_judged(
    one: bytes, edits: list[tuple[int, str, int]], other: bytes, more: list[tuple[int, str, int]]
) -> None:
    changed, beside = _edited(one, edits), _edited(other, more)
    _judge((changed, MIDDLE.der), (ROOT.der, units.ROOT, beside))
    _judge((OWN.der, changed, beside), (ROOT.der,))
    _judge((OWN.der, MIDDLE.der), (changed, beside))


@given(st.lists(st.binary(max_size=60), max_size=3), st.lists(st.binary(max_size=60), max_size=3))
@settings(max_examples=100)
def test_any_bytes_are_judged(presented: list[bytes], store: list[bytes]) -> None:
    _judge(tuple(presented), tuple(store))


@pytest.mark.slow
@given(st.sampled_from(SEEDS), _EDITS)
@settings(max_examples=5_000)
def test_damaged_certificates_are_judged_long(one: bytes, edits: list[tuple[int, str, int]]) -> None:
    changed = _edited(one, edits)
    _judge((changed, MIDDLE.der), (ROOT.der, units.ROOT))
    _judge((OWN.der, MIDDLE.der), (changed,))


def test_what_cannot_be_read() -> None:
    assert validate((b"x",), (ROOT.der,), NOW).objections == ("the certificate cannot be read",)
    assert validate((OWN.der, MIDDLE.der, b"x"), (ROOT.der,), NOW).objections == (
        "certificate 3 of those presented cannot be read",
    )
    assert received((b"x",), (b"x",), NOW, Level.NONE, DEFAULT_RELEASE).objections == (
        "the certificate cannot be read",
    )
    assert validate((OWN.der, MIDDLE.der), (b"x", ROOT.der), NOW).accepted  # a store goes on without it


@cache
def _odd(kind: str) -> bytes:
    return make(LEAF.but(key=kind, signed_by="x"), MIDDLE).der


@pytest.mark.parametrize("kind", ["ed25519", "dsa", "rsa 510", "p192"])
def test_keys_of_every_kind(kind: str) -> None:
    verdict = validate((_odd(kind), MIDDLE.der), (ROOT.der,), NOW)
    assert len(verdict.objections) == 2  # of the key, and of the signature
    by_it = make(Spec(key=kind)) if kind != "rsa 510" else ROOT
    below = make(LEAF, by_it)
    assert validate((below.der,), (by_it.der,), NOW).accepted == (kind == "rsa 510")


def _tangle(size: int) -> tuple[bytes, ...]:
    """CAs that have all signed each other: a way up for each order of them."""
    names = [f"Tangle {number}" for number in range(size)]
    return tuple(
        make(Spec(name, serial=100 * i + j), make(Spec(issuer))).der
        for i, name in enumerate(names)
        for j, issuer in enumerate(names)
        if name != issuer
    )


def test_a_tangle_is_given_up() -> None:
    own = make(LEAF, make(Spec("Tangle 0"))).der
    presented = (own, *_tangle(8))
    started = time.perf_counter()
    verdict = validate(presented, (ROOT.der,), NOW)
    assert time.perf_counter() - started < 5
    assert len(verdict.objections) == 1
    assert "no chain to a certificate in the store" in verdict.objections[0]
    # A short way up that is there is found all the same.
    crossed = make(Spec("Tangle 0", serial=9999), ROOT).der
    assert validate((*presented, crossed), (ROOT.der,), NOW).accepted


def test_names_and_constraints_without_end() -> None:
    root = make(Spec(permitted=tuple(f"{number}.example.com" for number in range(300))))
    own = make(LEAF.but(alternatives=tuple(f"pbx.{number}.example.com" for number in range(300))), root)
    assert validate((own.der,), (root.der,), NOW).objections == (
        "its names are too many to hold against the constraints of Root",
    )


def test_memos_hide_nothing() -> None:
    cases = [((OWN.der, MIDDLE.der), (ROOT.der,)), ((OWN.der,), (ROOT.der,)), ((units.IP500V2,), (units.IP500V2,))]
    for presented, store in cases:
        for purpose in Purpose:
            with memos_off():
                anew = validate(presented, store, NOW, purpose=purpose)
            assert anew == validate(presented, store, NOW, purpose=purpose)


def test_a_signature_by_a_dsa_key_is_of_a_kind_that_is_not_supported() -> None:
    own, root = chain(Spec(key="dsa"), LEAF)
    assert "of a kind that is not supported" in signature_fault(own.der, root.der)
