"""Taking an identity out of the simulator."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization import pkcs12 as container

from firmware.errors import BadInput
from firmware.security.certificates import Identity
from firmware.security.reading import load, pem


def pkcs12(identity: Identity, name: str, password: bytes) -> bytes:
    """Certificate, key and chain under a password. Its bytes come from OpenSSL's randomness and differ each time."""
    chain = [load(der) for der in identity.chain[1:]]
    return container.serialize_key_and_certificates(
        name.encode(), identity.key.private, identity.certificate, chain, BestAvailableEncryption(password)
    )


def pem_of(chain: tuple[bytes, ...]) -> bytes:
    return b"".join(pem(der) for der in chain)


def pem_of_request(der: bytes) -> bytes:
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)


def exported(identity: Identity, name: str, form: str, password: str) -> bytes:
    """A certificate alone as PEM or DER, or with key and chain as PKCS#12 under a password. (R62)"""
    if form == "p12":
        if not password:
            raise BadInput("a PKCS#12 holds the private key: give a password")
        return pkcs12(identity, name, password.encode())
    return identity.der if form == "der" else pem(identity.der)


def read_password(path: Path) -> bytes:
    """The first line of a file."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    if not lines or not lines[0]:
        raise BadInput(f"{path}: its first line is empty; a password is needed there")
    return lines[0]


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(data)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
