"""Damage under checksums that hold: records and files whose frame is right and whose content is nonsense.

``lies`` marks what only the firmware itself could have written, under its own seal: then a certificate that does not
verify is nobody's damage.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.boot.cards import STORE_ADD, STORE_DELETE
from firmware.device.flash import FlashPart
from firmware.errors import StorageError
from firmware.release import RELEASES
from firmware.storage.files import FileStore
from firmware.storage.nvm import Copy, CopyState, RecordStore, encode_copy
from firmware.storage.records import build_firmware, frame
from firmware.storage.volume import Volume, mounted
from ignition.disk import PRODUCT
from tests.damage import bases
from tests.damage.blocks import WORDS

SEALED = ("security", "authority", "answers")
NUMBERS = (0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
ODD = (b"", b"\0", b"\xff" * 8, b"=", b"\n\n\n", b":", b"root", b"A=\xff\n", b"{}", b"[]", b"null", "µ=ü\n".encode())


def changed(chance: Random, data: bytes) -> bytes:
    """A body with one to three changes: of the kind that hit lengths, counts, flags, numbers and texts."""
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(_CHANGES)(chance, data)
    return data


def _bit(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + bytes(byte ^ 1 << chance.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]


def _word(chance: Random, data: bytes) -> bytes:
    size, at = chance.choice((1, 2, 4, 8)), chance.randrange(len(data) or 1)
    word = (chance.choice(WORDS) << chance.choice((0, 32)) & (1 << 8 * size) - 1).to_bytes(size, "little")
    return data[:at] + word + data[at + size :]


def _longer(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    more = chance.choice((data[at : at + 40], chance.randbytes(chance.choice((1, 2, 40))), b"\n", b"0", b"="))
    return data[:at] + more + data[at:]


def _shorter(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + (data[at + chance.choice((1, 2, 16)) :] if chance.random() < 0.6 else b"")


def _another(chance: Random, _data: bytes) -> bytes:
    return chance.choice(ODD) if chance.random() < 0.6 else chance.randbytes(chance.choice((1, 7, 40, 600)))


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (_bit, _bit, _word, _word, _longer, _shorter, _another)


def record(chance: Random, unit: Appliance, name: str) -> str:
    """A record with another body under a CRC that is right: in one copy, in the other, or in both."""
    which = chance.choice(unit.records.names())
    body = _body_of(unit, chance.choice(unit.records.names()) if chance.random() < 0.1 else which)
    if chance.random() < 0.1:
        body = _body_of(bases.base(chance.choice(bases.relatives(name))), which)
    elif chance.random() < 0.9:
        body = changed(chance, body)
    if isinstance(unit.records, RecordStore):
        return _into_slots(chance, unit, unit.records, which, body)
    assert isinstance(unit.records, FileStore)
    content = encode_copy(which, chance.choice(NUMBERS), body)
    return f"record {which} rewritten; " + _into_file(unit, unit.internal, unit.records.path(which), content)


def _body_of(unit: Appliance, which: str) -> bytes:
    with probe(unit), suppress(StorageError, KeyError):
        return unit.records.read(which) or b""
    return b""


def _into_slots(chance: Random, unit: Appliance, records: RecordStore, which: str, body: bytes) -> str:
    body = body[: records.capacity(which)]
    with probe(unit):
        copies = records.copies(which)
    number = max(copy.sequence for copy in copies) + chance.choice((0, 0, 1, 2, -1))
    if chance.random() < 0.3:
        number = chance.choice(NUMBERS)
    slots = chance.choice(((0,), (1,), (0, 1)))
    for slot in slots:
        put_copy(unit, records, which, slot, Copy(CopyState.GOOD, number % 2**32, body))
    return f"record {which}, copies {slots}: sequence {number}, {len(body)} bytes {body[:40].hex()}"


def put_copy(unit: Appliance, records: RecordStore, which: str, slot: int, copy: Copy) -> None:
    start, blocks = records.slot_start(which, slot)
    size = unit.internal.geometry.block_size
    content = encode_copy(which, copy.sequence, copy.data).ljust(blocks * size, b"\xff")
    for n in range(blocks):
        unit.internal.overwrite(start + n, content[n * size : (n + 1) * size])


def twins(unit: Appliance) -> list[str]:
    """The records whose two copies are the same: either may be lost."""
    records = unit.records
    if not isinstance(records, RecordStore):
        return []
    with probe(unit):
        found = {name: records.copies(name) for name in records.names()}
    return [name for name, (one, other) in found.items() if one == other and one.state is CopyState.GOOD]


def one_copy(chance: Random, unit: Appliance, which: str) -> str:
    """One copy of a redundant record harmed, in any way that is no other record of ours."""
    assert isinstance(unit.records, RecordStore)
    slot, part = chance.randrange(2), unit.internal
    start, count = unit.records.slot_start(which, slot)
    block, size = start + chance.choice((0, chance.randrange(count))), part.geometry.block_size
    content = bytearray(part.blocks[block])
    length = chance.choice((1, 4, 16, 256, size))
    at = chance.choice((0, chance.randrange(size - length + 1)))
    content[at : at + length] = chance.choice((b"\xff" * length, bytes(length), chance.randbytes(length)))
    part.overwrite(block, bytes(content))
    return f"record {which}, copy {slot}: {length} bytes at {at} of block {block} changed"


def sealed(chance: Random, unit: Appliance, _name: str) -> str:
    """lies: a sealed record with another body, sealed by the unit itself."""
    which = chance.choice([name for name in SEALED if name in unit.records.names()])
    with probe(unit):
        plain = unit.sealed.read(which) or b""
        body = _another(chance, plain) if which == "answers" else changed(chance, plain)
        with suppress(StorageError):
            unit.sealed.commit(which, body)
    return f"lies: sealed record {which} {_difference(plain, body)}"


def _difference(old: bytes, new: bytes) -> str:
    at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return f"of {len(old)} bytes, now {len(new)}, differs from {at} on: {new[at : at + 24].hex()}"


def file(chance: Random, unit: Appliance, name: str) -> str:
    """A file of a volume: other content, none, far too much, cut short, in another's place, or a folder there."""
    parts = [unit.parts()[part] for part in unit.platform.volumes() if part in unit.parts()]
    part = chance.choice(parts)
    with probe(unit):
        try:
            with mounted(part) as volume:
                paths = [path for path, _ in volume.files()]
                path = chance.choice([*paths, *_EXTRA]) if chance.random() < 0.85 or not paths else chance.choice(paths)
                return f"{part.name} {path}: " + chance.choice(_FILES)(chance, volume, path)
        except StorageError as error:
            return f"{part.name}: no file to harm ({error})"


_EXTRA = (
    "system/temp/x", f"{STORE_ADD}/x.pem", f"{STORE_DELETE}/x.pem", f"{PRODUCT}{STORE_ADD}/x.pem",
    "system/backup/ip500v2.bin", "system/backup/config.cfg", "label", "a/b/c/d",
)  # fmt: skip


def _rewritten(chance: Random, volume: Volume, path: str) -> str:
    data = changed(chance, volume.read(path) or b"")
    volume.replace(path, data)
    return f"{len(data)} bytes"


def _removed(_chance: Random, volume: Volume, path: str) -> str:
    return f"removed: {volume.remove(path)}"


def _folder(_chance: Random, volume: Volume, path: str) -> str:
    volume.remove(path)
    volume.make_directories(path)
    return "now a folder"


def _full(chance: Random, volume: Volume, path: str) -> str:
    size = max(0, volume.room() - chance.choice((0, 256, 4096)))
    volume.replace(f"{path}.big", bytes(size))
    return f"beside it a file of {size} bytes"


def _moved(chance: Random, volume: Volume, path: str) -> str:
    other = chance.choice([found for found, _ in volume.files()] or [path])
    volume.replace(path, volume.read(other) or b"")
    return f"a copy of {other}"


def _framed(chance: Random, volume: Volume, path: str) -> str:
    """What is behind a frame, a record's or a configuration's, changed under a checksum that holds."""
    body = (volume.read(path) or b"")[14:]
    volume.replace(path, frame(b"IPOC", 3, changed(chance, body)))
    return "a configuration of other content"


def _binary(chance: Random, volume: Volume, path: str) -> str:
    version = chance.choice([*(release.version for release in RELEASES), "99.9", "12.\xff"[:4], ""])
    try:
        data = build_firmware(version, chance.choice(RELEASES).dated.value, chance.randbytes(40))
    except Exception as error:
        return f"no binary of {version!r} ({error})"
    volume.replace(path, data)
    return f"a binary of release {version!r}"


def _certificate(chance: Random, volume: Volume, path: str) -> str:
    data = bases.certificate_of_another()
    volume.replace(path, changed(chance, data) if chance.random() < 0.6 else data)
    return "a certificate, perhaps changed"


_FILES: tuple[Callable[[Random, Volume, str], str], ...] = (
    _rewritten, _rewritten, _rewritten, _removed, _folder, _full, _moved, _framed, _binary, _certificate,
)  # fmt: skip


def _into_file(unit: Appliance, part: FlashPart, path: str, content: bytes) -> str:
    with probe(unit):
        try:
            with mounted(part) as volume:
                volume.replace(path, content)
        except StorageError as error:
            return f"{path} not written: {error}"
    return f"{path} holds {len(content)} bytes {content[16:56].hex()}"
