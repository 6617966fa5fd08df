"""CA files to import, good and bad, made with the standard library's habits: PKCS#12 and PEM."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from firmware.device.entropy import Entropy
from firmware.release import DEFAULT_RELEASE
from firmware.security import authority
from firmware.security.authority import Authority
from firmware.security.certificates import Names
from firmware.security.profiles import ROOT_CA
from firmware.times import parse_time


@cache
def company_ca(host: str = "company") -> Authority:
    """A CA that belongs to nobody here, made long before; it signs for ten years."""
    names = Names("00e007000000", IPv4Address(0), IPv4Address(0), host)
    return authority.make(ROOT_CA, Entropy(99, host), 1, names, DEFAULT_RELEASE, parse_time("2024-01-01T00:00:00Z"))


@cache
def imported_file(password: str = "secret") -> str:  # noqa: S107
    """The company's CA as PKCS#12, in base64 as a file field has it."""
    ca = company_ca()
    certificate = x509.load_der_x509_certificate(ca.der)
    lock = BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return b64encode(pkcs12.serialize_key_and_certificates(b"ca", ca.key.private, certificate, None, lock)).decode()


@cache
def pem_file() -> str:
    """The same as PEM without a password."""
    ca = company_ca()
    key = ca.key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = x509.load_der_x509_certificate(ca.der).public_bytes(serialization.Encoding.PEM)
    return b64encode(key + certificate).decode()
