"""What is on a unit's flash, read from outside as plain values, and what must hold of any unit at any time."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware import configuration
from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.boot.cards import SYSTEM, volume_of
from firmware.boot.choose_configuration import default_mark
from firmware.boot.choose_firmware import original_level
from firmware.boot.software import read_image
from firmware.configuration import Configuration
from firmware.errors import Damaged, StorageError
from firmware.security import factory
from firmware.security.certificates import Identity
from firmware.security.settings import Origin, SecuritySettings
from ignition import disk
from ignition.plan import stored_authority
from tests.units.model import COMMANDED, REMOVED, Config, Security

MARKS = ("", COMMANDED, REMOVED)  # how far a default command has come
VENDOR = frozenset(hashlib.sha256(der).hexdigest() for der in factory.store())
UNTOUCHED = (disk.CLOCK, disk.SERVICES, disk.ACCOUNTS, disk.MOUNTS, disk.DONE, disk.ANSWERS)


def digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def public_key(der: bytes) -> bytes:
    """The public key in a certificate: read by cryptography alone, apart from the product's reading."""
    found = x509.load_der_x509_certificate(der).public_key()
    return found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def as_security(held: SecuritySettings | None) -> Security | None:
    if held is None:
        return None
    member = held.membership
    return Security(
        held.generation,
        digest(held.identity.der) if held.identity else None,
        held.origin is Origin.MADE,
        frozenset(map(digest, held.trusted)),
        held.services,
        tuple((user.name, bool(user.password), user.must_change) for user in held.users),
        held.offers_chain,
        (held.management_check.level, held.telephony_check.level),
        held.renews,
        digest(held.telephony.der) if held.telephony else None,
        held.request is not None,
        member.name if member else None,
        member is not None and member.key is not None,
    )


def as_config(held: Configuration | None) -> Config | None:
    if held is None:
        return None
    lans = tuple((lan.dhcp, lan.interface) for lan in held.lans)
    return Config(
        held.system_name, lans, held.sip_tls, held.users, held.primary, held.sip_domain, held.sip_fqdn, held.syslog,
        held.client_certificates,
    )  # fmt: skip


def _config(data: bytes | None) -> Config | str | None:
    if not data:
        return None
    try:
        return as_config(configuration.from_bytes(data))
    except Damaged:
        return "damaged"


def _host(data: bytes | None) -> str | None:
    lines = (data or b"").decode().splitlines()
    return next((line.removeprefix("HOSTNAME=") for line in lines if line.startswith("HOSTNAME=")), None)


def _lans(data: bytes | None) -> tuple[tuple[bool, str], ...] | None:
    """Address and mode as they are noted apart from the configuration. (MAN)"""
    with suppress(Damaged):
        return tuple((lan.dhcp, lan.interface) for lan in configuration.lans_from_bytes(data)) if data else None
    return None


def _version(data: bytes | None) -> str | None:
    with suppress(Damaged):
        return read_image(data)[1].version if data else None
    return "damaged"


def _files(unit: Appliance, slot: str) -> dict[str, bytes | None]:
    """The boot sets on a card. None: no card, or none that can be read."""
    names = ("primary/ip500v2.bin", "primary/config.cfg", "backup/ip500v2.bin", "backup/config.cfg")
    with suppress(StorageError), volume_of(unit, slot) as volume:
        return {name: volume.read(f"system/{name}") for name in names}
    return dict.fromkeys(names)


def ip500v2_flash(unit: Appliance) -> dict[str, Any]:
    with probe(unit):
        found: dict[str, Any] = {"security": as_security(unit.vault.peek()[1])}
        level = original_level(unit)
        found["level"] = level.version if level else None
        found["mark"] = MARKS[default_mark(unit)]
        found["nvm"] = _config(_record(unit, "configuration"))
        found["lans"] = _lans(_record(unit, "network"))
        found["nvm binary"] = _version(_record(unit, "firmware"))
        for slot, name in ((SYSTEM, "card"), ("optional-sd", "optional")):
            files = _files(unit, slot)
            found[name] = _config(files["primary/config.cfg"])
            found[f"{name} binary"] = _version(files["primary/ip500v2.bin"])
            found[f"{name} backup"] = _config(files["backup/config.cfg"])
            found[f"{name} backup binary"] = _version(files["backup/ip500v2.bin"])
    return found


def linux_flash(unit: Appliance) -> dict[str, Any]:
    with probe(unit):
        ca = stored_authority(unit)
        found: dict[str, Any] = {
            "security": as_security(unit.vault.peek()[1]),
            "configuration": _config(_record(unit, disk.CONFIGURATION)),
            "release": disk.running_version(unit),
            "CA key": digest(ca.key.public_der) if ca else None,
            "CA": digest(ca.der) if ca else None,
            "issued": ca.issued if ca else None,
            "host": _host(_record(unit, disk.NETWORK)),
        }
        found |= {name: _record(unit, name) for name in UNTOUCHED}
    return found


def _record(unit: Appliance, name: str) -> bytes | None:
    try:
        return unit.records.read(name)
    except StorageError:
        return b"damaged"


def own_ca(unit: Appliance) -> frozenset[str]:
    with probe(unit):
        ca = stored_authority(unit) if unit.platform.root_profile else None
    return frozenset(map(digest, ca.chain)) if ca else frozenset()


def identities(unit: Appliance) -> list[Identity]:
    """Every identity on the flash and in RAM."""
    with probe(unit):
        kept = unit.vault.peek()[1]
    held = [settings for settings in (kept, unit.ram.settings) if settings is not None]
    return [one for settings in held for one in (settings.identity, settings.telephony) if one is not None]


_CHECKED: dict[Identity, tuple[bytes, ...]] = {}


def require_whole(found: Identity) -> None:
    """The key is the certificate's, and each certificate is issued by the next."""
    if _CHECKED.get(found) == found.chain:
        return
    key = found.key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_key(found.chain[0]) == key, "the key is not the certificate's"
    read = [x509.load_der_x509_certificate(der) for der in found.chain]
    for one, issuer in zip(read, [*read[1:], read[-1]], strict=True):
        assert _is_by(one, issuer), "the chain is broken"
    _CHECKED[found] = found.chain


def _is_by(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def names_in(der: bytes) -> set[str]:
    """The alternative names in a certificate."""
    try:
        held = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in held.value}


def secrets_of(unit: Appliance) -> set[str]:
    """How a private key would show in a journal: its bytes as text, its prime as a number."""
    found = {"PRIVATE KEY"}
    for identity in identities(unit):
        der = identity.key.der
        found |= {der[40:56].hex(), repr(der[40:52])[2:-1]}
    return found
