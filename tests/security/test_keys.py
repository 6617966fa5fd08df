"""Keys come from the seed alone, are sound by other people's judgement, and are never shown."""

from __future__ import annotations

import hashlib
import subprocess
from contextlib import suppress
from math import isqrt, lcm

import gmpy2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.entropy import Entropy, HmacDrbg
from firmware.errors import Damaged
from firmware.memo import memos_off
from firmware.security.keys import KeyKind, KeyPair, derive, p256_key, rsa_key

UNIT = Entropy(1, "00e00705918e")
RSA, P_256 = KeyKind.RSA_2048, KeyKind.P_256
KINDS = pytest.mark.parametrize("kind", KeyKind)
KINDS_IN_NUMBERS = pytest.mark.parametrize("kind", [RSA, P_256, pytest.param(KeyKind.RSA_4096, marks=pytest.mark.slow)])

# SHA-256 of the first key of each kind. A change here changes the keys of every unit that anybody has.
PINNED = {
    RSA: "0a30df4189b55546f41716c691d7248de77e5029b5db93fa8c8a4d568c586bdf",
    KeyKind.RSA_4096: "017e13ee9a2b18fd2ae31e00569ef502ce37120f7c121822bb4afd80f13bdec0",
    P_256: "35d86d2a74b465a5ca73359c21dd8bc4696c81f5dd2e5a00b970d17d6a32aa42",
}


@KINDS
def test_the_first_key_of_a_unit_is_what_it_always_was(kind: KeyKind) -> None:
    assert hashlib.sha256(derive(UNIT, "identity", 1, kind).der).hexdigest() == PINNED[kind]


@KINDS
def test_no_memo_makes_a_key(kind: KeyKind) -> None:
    with memos_off():
        anew = derive(UNIT, "identity", 1, kind)
    assert anew == derive(UNIT, "identity", 1, kind)


@KINDS_IN_NUMBERS
def test_any_difference_makes_another_key(kind: KeyKind) -> None:
    keys = {
        derive(UNIT, "identity", 1, kind),
        derive(UNIT, "identity", 2, kind),
        derive(UNIT, "root", 1, kind),
        derive(Entropy(2, UNIT.unit), "identity", 1, kind),
        derive(Entropy(1, "00e00705918f"), "identity", 1, kind),
    }
    assert len({key.public_der for key in keys}) == 5


sources = st.tuples(
    st.integers(0, 2**256 - 1), st.sampled_from(["00e00705918e", "a", "b"]), st.text(max_size=5), st.integers(0, 9)
)


@given(sources, sources)
def test_a_key_is_the_same_just_when_its_source_is(a: tuple[int, str, str, int], b: tuple[int, str, str, int]) -> None:
    first, second = (derive(Entropy(seed, unit), purpose, n, P_256) for seed, unit, purpose, n in (a, b))
    assert (first == second) == (a == b)


@KINDS
def test_openssl_finds_no_fault(kind: KeyKind) -> None:
    der = derive(UNIT, "identity", 1, kind).der
    serialization.load_der_private_key(der, None)  # with the full check that our own loading skips
    checked = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-check", "-noout"], input=der, capture_output=True, check=True
    )
    assert b"Key is valid" in checked.stdout + checked.stderr


@pytest.mark.parametrize("number", range(1, 4))
def test_an_rsa_key_keeps_fips_186_5(number: int) -> None:
    private = derive(UNIT, "identity", number).private
    assert isinstance(private, rsa.RSAPrivateKey)
    key = private.private_numbers()
    n, e = key.public_numbers.n, key.public_numbers.e
    p, q, d = key.p, key.q, key.d
    assert (e, n, n.bit_length()) == (65537, p * q, 2048)
    assert all(is_prime(factor) and factor.bit_length() == 1024 and factor > isqrt(2**2047) for factor in (p, q))
    assert abs(p - q) > 2 ** (1024 - 100)
    assert d * e % lcm(p - 1, q - 1) == 1
    assert 2**1024 < d < lcm(p - 1, q - 1)
    assert (key.dmp1, key.dmq1, key.iqmp * q % p) == (d % (p - 1), d % (q - 1), 1)


def is_prime(n: int) -> bool:
    """Miller-Rabin, written here: gmpy2 found these numbers, so it is not asked again."""
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos

    def passes(base: int) -> bool:
        x = pow(base, odd, n)
        return x in (1, n - 1) or any((x := x * x % n) == n - 1 for _ in range(twos - 1))

    return n % 2 == 1 and all(map(passes, (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)))


def test_a_p256_key_is_a_point_on_the_curve() -> None:
    private = derive(UNIT, "identity", 1, P_256).private
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.curve.name == "secp256r1"
    field = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    x, y = private.public_key().public_numbers().x, private.public_key().public_numbers().y
    assert (y * y - (x**3 - 3 * x + b)) % field == 0


class Scripted(HmacDrbg):
    """Chance that says what a test wants it to say."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)

    def integer(self, bits: int) -> int:
        return self.numbers.pop(0)


def test_unusable_primes_are_passed_over() -> None:
    top = 3 << 510
    good, far = int(gmpy2.next_prime(top)), int(gmpy2.next_prime(top + 2**500))
    fitting_e = top // 65537 * 65537 + 1  # p - 1 a multiple of e: no d would exist
    while fitting_e < top or not gmpy2.is_prime(fitting_e):
        fitting_e += 65537
    too_long = 2**512 - 1  # the next prime has a bit more
    too_near = good + 2**400
    script = Scripted(fitting_e - 2, too_long, good - 2, good - 2, too_near, far - 2)  # what is odd is left as it is
    key = rsa_key(script, 1024).private_numbers()
    assert (key.p, key.q) == (far, good)
    assert not script.numbers


def test_secrets_outside_the_curves_order_are_passed_over() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for secret in (1, order - 1):
        assert p256_key(Scripted(0, order, 2**256 - 1, secret)).private_numbers().private_value == secret


@KINDS
def test_a_key_does_not_show_itself(kind: KeyKind) -> None:
    assert repr(derive(UNIT, "identity", 1, kind)) == f"{derive(UNIT, 'identity', 1, kind)}" == "KeyPair(…)"


def pkcs8(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, encryption)


GARBAGE = {
    "empty": b"",
    "noise": bytes(range(200)),
    "cut short": derive(UNIT, "identity", 1, P_256).der[:-1],
    "a public key": derive(UNIT, "identity", 1, P_256).public_der,
    "encrypted": pkcs8(ec.generate_private_key(ec.SECP256R1()), b"secret"),
    "of another algorithm": pkcs8(ed25519.Ed25519PrivateKey.generate()),
}


@pytest.mark.parametrize("der", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_damaged(der: bytes) -> None:
    with pytest.raises(Damaged, match="a stored private key"):
        _ = KeyPair(der).private


@KINDS
def test_a_key_with_a_changed_byte_loads_or_is_damaged(kind: KeyKind) -> None:
    der = derive(UNIT, "identity", 1, kind).der
    for at in range(len(der)):
        with suppress(Damaged):
            _ = KeyPair(der[:at] + bytes([der[at] ^ 0x01]) + der[at + 1 :]).private
