"""Key pairs derived from entropy: the key of (seed, unit, purpose, number) is always the same key.

``cryptography`` cannot be seeded, so the primes are searched for here, over our DRBG, with gmpy2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from firmware.device.entropy import Entropy, HmacDrbg
from firmware.errors import Damaged
from firmware.memo import memoise

PUBLIC_EXPONENT = 65537
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SP 800-186, 3.2.1.3

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeyKind(str, Enum):
    RSA_2048 = "RSA 2048"
    RSA_4096 = "RSA 4096"
    P_256 = "P-256"


_RSA_BITS = {KeyKind.RSA_2048: 2048, KeyKind.RSA_4096: 4096}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key as PKCS#8 DER; equal when the bytes are. The bytes never appear in its repr."""

    der: bytes

    def __repr__(self) -> str:
        return "KeyPair(…)"

    @property
    def private(self) -> PrivateKey:
        return _load(self.der)

    @property
    def public_der(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return _public(self.der)


@memoise(4096)
def derive(entropy: Entropy, purpose: str, number: int, kind: KeyKind = KeyKind.RSA_2048) -> KeyPair:
    """The ``number``-th key of a unit for a purpose. The memo behind it is the key pool."""
    drbg = entropy.drbg(f"key/{purpose}/{kind.value}", number)
    private: PrivateKey = p256_key(drbg) if kind is KeyKind.P_256 else rsa_key(drbg, _RSA_BITS[kind])
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(der)


def rsa_key(drbg: HmacDrbg, bits: int) -> rsa.RSAPrivateKey:
    """An RSA key as FIPS 186-5, A.1.3 asks: p and q of half the size with their two top bits set, far apart."""
    import gmpy2  # 40 ms at start-up that an ordinary start, which makes no key, need not pay

    half = bits // 2
    p = _prime(drbg, half)
    q = _prime(drbg, half)
    while abs(p - q) >> (half - 100) == 0:
        q = _prime(drbg, half)
    p, q = max(p, q), min(p, q)
    d = int(gmpy2.invert(PUBLIC_EXPONENT, gmpy2.lcm(p - 1, q - 1)))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=int(gmpy2.invert(q, p)),
        public_numbers=rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _prime(drbg: HmacDrbg, bits: int) -> int:
    import gmpy2

    while True:
        candidate = int(gmpy2.next_prime(drbg.integer(bits) | 3 << (bits - 2) | 1))
        if candidate.bit_length() == bits and candidate % PUBLIC_EXPONENT != 1:
            return candidate


def p256_key(drbg: HmacDrbg) -> ec.EllipticCurvePrivateKey:
    """A P-256 key by rejection of candidates outside 1 … n-1 (FIPS 186-5, A.2.2)."""
    while not 0 < (secret := drbg.integer(256)) < _P256_ORDER:
        pass
    return ec.derive_private_key(secret, ec.SECP256R1())


@memoise(4096)
def _load(der: bytes) -> PrivateKey:
    # Our own keys need no primality test: skipping it takes 0.01 ms instead of 30 ms.
    try:
        private = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        raise Damaged("a stored private key is no PKCS#8 key") from None
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Damaged("a stored private key is neither RSA nor elliptic-curve")
    return private


@memoise(4096)
def _public(der: bytes) -> bytes:
    return (
        _load(der)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
