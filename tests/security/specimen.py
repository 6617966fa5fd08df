"""A certificate to examine, and another decoder than ours to examine it with."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from asn1crypto import x509 as asn1
from asn1crypto.core import Choice

from firmware.basis import assumed
from firmware.device.entropy import Entropy
from firmware.release import BY_VERSION, Release
from firmware.security import certificates
from firmware.security.certificates import Identity, Names
from firmware.security.keys import derive
from firmware.security.profiles import IP500V2_SELF_SIGNED, Profile
from firmware.times import parse_time

UNIT = Entropy(1, "00e00705918e")
R12_3 = BY_VERSION["12.3"]
NAMES = Names(UNIT.unit, IPv4Address("192.168.42.1"), IPv4Address("192.168.43.1"), "server1")
CREATED = parse_time("2024-11-24T09:00:00.750Z")


def issue(
    profile: Profile = IP500V2_SELF_SIGNED, clock: int | None = CREATED, release: Release = R12_3, number: int = 1
) -> Identity:
    names = Names(UNIT.unit, IPv4Address("192.168.42.1"), IPv4Address("192.168.43.1"))
    key = derive(UNIT, "identity", number, profile.key.value)
    serial = certificates.serial(UNIT, profile, number)
    return certificates.self_signed(profile, names, key, serial, *certificates.validity(profile, release, clock))


def changed(field: str, value: Any) -> Profile:
    """The IP500 V2's profile with another value in one field."""
    facts: dict[str, Any] = {field: assumed(value)}
    return replace(IP500V2_SELF_SIGNED, **facts)


def decode(der: bytes) -> dict[str, Any]:
    """Everything that a certificate says, but key and signature themselves; each extension is a row of its own."""
    certificate = asn1.Certificate.load(der, strict=True)
    body = certificate["tbs_certificate"]
    key = body["subject_public_key_info"]
    extensions = {extension["extn_id"].native: extension for extension in body["extensions"]}
    return {
        "version": body["version"].native,
        "signature": tuple(
            part["algorithm"].native for part in (body["signature"], certificate["signature_algorithm"])
        ),
        "serial": ("positive" if body["serial_number"].native > 0 else "not", len(body["serial_number"].contents)),
        "subject": decode_name(body["subject"]),
        "issuer": decode_name(body["issuer"]),
        "not before": (body["validity"]["not_before"].name, body["validity"]["not_before"].native.isoformat()),
        "not after": (body["validity"]["not_after"].name, body["validity"]["not_after"].native.isoformat()),
        "key": (
            key.algorithm,
            key.bit_size,
            key["public_key"].native["public_exponent"] if key.algorithm == "rsa" else 0,
        ),
        "unique ids": (body["issuer_unique_id"].native, body["subject_unique_id"].native),
        "extensions": [extension["extn_id"].native for extension in body["extensions"]],
    } | {name: (extension["critical"].native, decode_value(extension)) for name, extension in extensions.items()}


def decode_name(name: Any) -> list[tuple[str, int, str]]:
    parts = [part for relative in name.chosen for part in relative]
    assert len(parts) == len(name.chosen)  # one attribute each
    values = [part["value"].chosen if isinstance(part["value"], Choice) else part["value"] for part in parts]
    return [(part["type"].native, value.tag, value.native) for part, value in zip(parts, values, strict=True)]


def decode_value(extension: Any) -> Any:
    value = extension["extn_value"].parsed
    if extension["extn_id"].native == "subject_alt_name":
        return [(entry.name, entry.native) for entry in value]
    return value.native
