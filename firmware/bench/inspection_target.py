"""What inspect looks at: the certificates in a file, or those of a TLS peer. BadInput says why there are none."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from firmware.bench.export import read_password
from firmware.bench.inspection_peer import presented
from firmware.bench.values import brief, printable
from firmware.errors import BadInput, Damaged
from firmware.security import importing
from firmware.security.reading import UNREADABLE, load

LARGEST_FILE = 1024 * 1024
MOST_CERTIFICATES = 100
_ADDRESS = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_KINDS = {"CERTIFICATE REQUEST": "a certificate request", "X509 CRL": "a revocation list", "PUBLIC KEY": "a public key",
          "PKCS7": "PKCS#7, which is not read here"}  # fmt: skip


class Address(NamedTuple):
    """Where a peer listens."""

    host: str
    port: int


def read(target: str, password_file: Path | None, name: str | None) -> tuple[bytes, ...]:
    """The certificates (DER) in a file, or those that ``HOST:PORT`` presents in a handshake; the one to judge first."""
    path = Path(target)
    if address := _address(target):
        if password_file:
            raise BadInput(f"{printable(path)}: a password is for a file")
        return presented(*address, name)
    if name:
        raise BadInput(f"{printable(path)}: a name is asked for in a handshake with HOST:PORT only")
    data = _contents(path)
    password = read_password(password_file) if password_file else None
    return certificates(data, printable(path), password)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or a NUL in it
        return False


def _address(target: str) -> Address | None:
    """None: the target looks like a file's name."""
    is_path = "/" in target and "://" not in target
    if ":" not in target or is_path or _exists(Path(target)):
        return None
    match = _ADDRESS.fullmatch(target)
    if match is None or not 0 < int(match[3]) <= 65535:
        raise BadInput(f"{brief(target)} is neither a file nor HOST:PORT such as 127.0.0.1:5061 or [::1]:5061")
    return Address(match[1] or match[2], int(match[3]))


def _contents(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInput(f"{printable(path)}: {error.strerror}") from None
    except ValueError:
        raise BadInput(f"{printable(path)}: no file has such a name") from None
    if len(data) > LARGEST_FILE:
        raise BadInput(f"{printable(path)}: more than {LARGEST_FILE >> 20} MiB; no certificate is that long")
    return data


def certificates(data: bytes, name: str, password: bytes | None) -> tuple[bytes, ...]:
    """Those in PEM, DER or PKCS#12, each once, in their order."""
    with warnings.catch_warnings(
        action="ignore"
    ):  # of odd serial numbers, names, encodings: what counts is judged later
        found = _from_pem(data, name) if _PEM.search(data) else _from_der(data, name, password)
        if len(found) > MOST_CERTIFICATES:
            raise BadInput(
                f"{name}: {len(found)} certificates; a chain is to be judged, of {MOST_CERTIFICATES} at most"
            )
        for der in found:
            try:
                load(der)
            except Damaged as error:
                raise BadInput(f"{name}: {str(error).replace('a stored', 'a')}") from None
    return tuple(dict.fromkeys(found))


def _from_pem(data: bytes, name: str) -> list[bytes]:
    labels = [label.decode() for label in _PEM.findall(data)]
    count = sum(label in ("CERTIFICATE", "X509 CERTIFICATE") for label in labels)
    if not count:
        raise BadInput(f"{name}: no certificate, but {_kind(labels[0])}")
    try:
        found = x509.load_pem_x509_certificates(data)
    except UNREADABLE:
        found = []
    if len(found) != count:  # the library passes over a block without an end
        raise BadInput(f"{name}: a certificate in it cannot be read; the PEM text is damaged or cut short")
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def _kind(label: str) -> str:
    return "a private key" if label.endswith("PRIVATE KEY") else _KINDS.get(label, f"{label.lower()!r}")


def _from_der(data: bytes, name: str, password: bytes | None) -> list[bytes]:
    try:
        return [x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)]
    except UNREADABLE:
        if other := next((what for what, does_load in _OTHERS.items() if _loads(does_load, data)), None):
            raise BadInput(f"{name}: no certificate, but {other}") from None
        return _from_pkcs12(data, name, password)


_OTHERS: dict[str, Callable[[bytes], Any]] = {
    "a certificate request": x509.load_der_x509_csr,
    "a revocation list": x509.load_der_x509_crl,
    "a public key": serialization.load_der_public_key,
    "a private key": lambda data: serialization.load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True),
}


def _loads(load_it: Callable[[bytes], Any], data: bytes) -> bool:
    try:
        load_it(data)
    except TypeError:  # a private key that wants a password
        return True
    except UNREADABLE:
        return False
    return True


def _from_pkcs12(data: bytes, name: str, password: bytes | None) -> list[bytes]:
    if password is not None and not _can_be_password(password):
        raise BadInput(f"{name}: the password is no UTF-8 text, or holds a character that no password can hold")
    try:
        _, found = importing.from_pkcs12(data, password)
    except importing.NotAccepted as error:
        if "password" in str(error) and password is None:
            raise BadInput(f"{name}: PKCS#12 under a password: give it with --password-file") from None
        said = "neither PEM, DER nor PKCS#12 with a certificate" if "neither" in str(error) else str(error)
        raise BadInput(f"{name}: {said}") from None
    if not found:
        raise BadInput(f"{name}: PKCS#12 without a certificate")
    return found


def _can_be_password(password: bytes) -> bool:
    """The library's PKCS#12 reader dies of a NUL, and of what is no UTF-8."""
    try:
        return "\0" not in password.decode()
    except UnicodeDecodeError:
        return False
