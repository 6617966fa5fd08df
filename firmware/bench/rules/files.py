"""The files that cells' scenarios take: a CA, and a third party's identity, made for this alone.

Keys and certificates are the same each time. A unit that imports a key tests it, which is long for RSA: theirs are on
an elliptic curve; and PKCS#12 asks for few rounds, for its password is public.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from firmware.basis import assumed
from firmware.bench import export
from firmware.bench.orders import DEFAULT_START
from firmware.bench.rules.case import CA_FILE, IDENTITY_P12, IDENTITY_PEM
from firmware.device.entropy import Entropy
from firmware.peers import authority as peers
from firmware.release import DEFAULT_RELEASE
from firmware.security import authority, signing_requests
from firmware.security.certificates import Names
from firmware.security.keys import KeyKind, KeyPair, derive
from firmware.security.profiles import ROOT_CA
from firmware.security.reading import load

_CHANCE = Entropy(0, "rules")
_PASSWORD, _ROUNDS = b"secret", 1000
_NAMES = (("DNS", "pbx.example.com"), ("IP", "192.168.42.1"))


def write(folder: Path) -> None:
    for name, data in _contents().items():
        export.write_private(folder / name, data)


@cache
def _contents() -> dict[str, bytes]:
    profile = replace(ROOT_CA, key=assumed(KeyKind.P_256))
    ca = authority.make(profile, _CHANCE, 1, Names(host="rules"), DEFAULT_RELEASE, DEFAULT_START)
    key = derive(_CHANCE, "identity", 1, KeyKind.P_256)
    request = signing_requests.read(signing_requests.make(key, (("CN", "pbx.example.com"),)))
    chain = peers.sign(peers.establish("Rules", 0, intermediates=1), request, 1, DEFAULT_START, names=_NAMES)
    return {CA_FILE: _pem(ca.key, ca.chain), IDENTITY_PEM: _pem(key, chain), IDENTITY_P12: _p12(key, chain)}


def _pem(key: KeyPair, chain: tuple[bytes, ...]) -> bytes:
    return export.pem_of(chain) + key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _p12(key: KeyPair, chain: tuple[bytes, ...]) -> bytes:
    locked = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(_ROUNDS).build(_PASSWORD)
    own, *others = (load(der) for der in chain)
    return pkcs12.serialize_key_and_certificates(b"pbx", key.private, own, others, locked)
