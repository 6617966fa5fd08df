"""The trusted certificate store of a unit: filled by an administrator, by folders on its storage, and by its own CA."""

from __future__ import annotations

from dataclasses import replace

from firmware.appliance import Appliance
from firmware.boot import alarms, running
from firmware.boot.cards import STORE_ADD, STORE_DELETE
from firmware.credentials import held
from firmware.errors import BadInput, Full, StorageError
from firmware.security import importing, trusted_store
from firmware.security.importing import NotAccepted
from firmware.security.reading import describe, fingerprint
from firmware.storage.again import on_volume
from firmware.storage.volume import Volume


def add(unit: Appliance, data: bytes) -> None:
    """Add every certificate in a PEM or DER file."""
    running.require(unit, "its trusted certificate store cannot be changed")
    try:
        _change(unit, trusted_store.added(_trusted(unit), importing.read_certificates(data), unit.release), "added")
    except NotAccepted as error:
        raise BadInput(f"not added to the trusted certificate store: {error}") from None


def remove(unit: Appliance, data: bytes) -> None:
    """Remove every certificate in a PEM or DER file."""
    running.require(unit, "its trusted certificate store cannot be changed")
    try:
        store = _trusted(unit)
        for certificate in importing.read_certificates(data):
            _require_foreign(unit, certificate)
            store = trusted_store.removed(store, certificate)
        _change(unit, store, "removed")
    except NotAccepted as error:
        raise BadInput(f"not removed from the trusted certificate store: {error}") from None


def _require_foreign(unit: Appliance, certificate: bytes) -> None:
    """The unit's own CA stays in its store. (assumed)"""
    if unit.ram.authority is not None and certificate in unit.ram.authority.chain:
        raise NotAccepted("the unit's own CA stays in its store")


def _trusted(unit: Appliance) -> tuple[bytes, ...]:
    return held.settings_of(unit).trusted


def _change(unit: Appliance, changed: tuple[bytes, ...], how: str) -> None:
    before = _trusted(unit)
    if changed == before:
        return
    try:
        held.commit(unit, replace(held.settings_of(unit), trusted=changed))
    except Full:
        raise NotAccepted("the unit's memory has no room for so many certificates") from None
    for certificate in dict.fromkeys((*before, *changed)):
        if (certificate in before) != (certificate in changed):
            subject = str(describe(certificate)["subject"])
            unit.note("trust.changed", how=how, subject=subject, sha256=fingerprint(certificate))


def hold_own_authority(unit: Appliance) -> None:
    """The unit's own CA belongs into its store; one that it replaces stays beside it. (M)

    That a start puts it there again, should it be missing, is assumed.
    """
    if unit.ram.authority is None or unit.ram.settings is None:
        return
    try:
        _change(unit, trusted_store.added(_trusted(unit), unit.ram.authority.chain, unit.release), "added")
    except (NotAccepted, StorageError) as error:
        alarms.raise_alarm(unit, "trusted certificate store", str(error))


def follow_folders(unit: Appliance, root: str = "") -> None:
    """Deal with the files in the folders of the store: those in one are added, those in the other remove their like.

    That there are these folders is documented (U); that they are looked at in each start, and that a file which was
    dealt with is removed, is assumed. One that cannot be used stays, with an alarm.
    """
    part = unit.parts()[unit.platform.files]
    for folder, deal in ((STORE_ADD, _add_file), (STORE_DELETE, _remove_file)):
        with alarms.alarm_on_failure(unit, "folders of the trusted certificate store"):
            for path, data in on_volume(part, _contents, root + folder):
                try:
                    deal(unit, data or b"")
                except NotAccepted as error:
                    alarms.raise_alarm(unit, path, str(error))
                    continue
                on_volume(part, Volume.remove, path)


def _contents(volume: Volume, folder: str) -> list[tuple[str, bytes | None]]:
    """Every file below a folder with what it holds, in the order of paths."""
    return sorted((path, volume.read(path)) for path, _ in list(volume.files(folder)))


def _add_file(unit: Appliance, data: bytes) -> None:
    _change(unit, trusted_store.added(_trusted(unit), importing.read_certificates(data), unit.release), "added")


def _remove_file(unit: Appliance, data: bytes) -> None:
    present = _trusted(unit)
    unwanted = importing.read_certificates(data)
    for certificate in unwanted:
        _require_foreign(unit, certificate)
    _change(unit, tuple(certificate for certificate in present if certificate not in unwanted), "removed")
