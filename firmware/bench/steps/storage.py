"""Cards, files, and damage to what lies on flash."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from firmware.appliance import NVM, Appliance
from firmware.bench.fields import (
    CardPath,
    DeskFile,
    PartName,
    RecordName,
    ReleaseName,
    SlotName,
    UnitOfScenario,
    VolumeName,
)
from firmware.bench.outside import probe
from firmware.bench.steps.base import Step, part_of
from firmware.bench.world import World
from firmware.boot.cards import blank_card, format_card, new_card
from firmware.boot.software import image_of
from firmware.device.faults import BadBlock, BitFlip, StuckBit
from firmware.device.flash import FlashPart
from firmware.device.panel import Card
from firmware.errors import BadInput
from firmware.release import BY_VERSION
from firmware.storage.nvm import RecordStore
from firmware.storage.volume import mounted

CHECKSUM_AT = 12  # in a slot's first page: a bit of it damages any record, also one of no bytes
NOT_SHELVED = ("new", "blank")


class SlotStep(Step):
    """A step at a card slot."""

    slot: SlotName = Field(description="system-sd or optional-sd")


class Insert(SlotStep):
    """Insert a card: a new one, or one from the shelf by its name."""

    name = "insert"
    example = "insert: {slot: optional-sd, card: new, release: 12.3}"
    card: str = Field("new", description="new, blank, or the name under which a card was removed")
    release: ReleaseName | None = Field(None, description="the binary on a new card's primary")
    kind: Literal["A-law", "µ-law", "PARTNER", "Norstar"] = Field("A-law", description="of a new card")
    feature_key: str | None = Field("000000000001", pattern="^[0-9]{12}$", description="of a new card, 12 digits")

    def run(self, world: World, unit: Appliance) -> None:
        if unit.slots[self.slot].card is not None:
            raise BadInput(f"{unit.name}: the {self.slot} slot is taken; remove its card first")
        geometry = unit.platform.card
        if self.card == "blank":
            card = blank_card(geometry, self.slot)
        elif self.card == "new":
            release = BY_VERSION[self.release] if self.release else None
            card = new_card(geometry, self.slot, release, self.kind, self.feature_key)
        else:
            if self.card not in world.shelf:
                raise BadInput(f"no card {self.card!r} on the shelf: it holds {', '.join(world.shelf) or 'none'}")
            card = world.shelf.pop(self.card)
        unit.insert(self.slot, card)
        unit.note("card.inserted", slot=self.slot, card=self.card)


class Remove(SlotStep):
    """Take a card out and put it on the shelf under a name."""

    name = "remove"
    example = "remove: {slot: system-sd, as: old card}"
    shelve_as: str = Field("removed", alias="as", description="its name on the shelf")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _name(self) -> Remove:
        if self.shelve_as in NOT_SHELVED:
            raise ValueError(f"{self.shelve_as!r} stands for another card; give this one another name")
        return self

    def run(self, world: World, unit: Appliance) -> None:
        if self.shelve_as in world.shelf:
            raise BadInput(f"a card {self.shelve_as!r} lies on the shelf already; remove this one as another")
        card = unit.remove(self.slot)
        if card is None:
            raise BadInput(f"{unit.name}: there is no card in the {self.slot} slot")
        world.shelf[self.shelve_as] = card
        unit.note("card.removed", slot=self.slot, card=self.shelve_as)
        world.act(unit, lambda: unit.platform.operations["card_removed"](unit, slot=self.slot))


class Corrupt(Step):
    """Damage what lies on flash: a file, a record's copies, a bit, a block; or break a cell or block for good."""

    name = "corrupt"
    one_of = ("file", "record", "block")
    example = "corrupt: {part: nvm, record: security, copies: first}"
    part: PartName = Field(description="nvm, system-sd or optional-sd")
    file: CardPath | None = Field(None, description="a file on a card: one of its bytes changes")
    record: RecordName | None = Field(None, description="a record of the NVM")
    copies: Literal["first", "second", "both"] = Field("both", description="which copies of the record")
    block: int | None = Field(None, ge=0, description="a block by its number")
    bit: int = Field(0, ge=0, description="of the block, from its first byte's lowest bit")
    how: Literal["flip", "bad_block", "stuck_at_0", "stuck_at_1"] = Field(
        "flip", description="what becomes of the bit or the block"
    )

    @model_validator(mode="after")
    def _fits(self) -> Corrupt:
        if self.record is not None and self.part != NVM:
            raise ValueError("records lie on the part nvm; on a server's disk give a file")
        if self.file is not None and self.part == NVM:
            raise ValueError("files lie on a card")
        if self.block is None and self.model_fields_set & {"bit", "how"}:
            raise ValueError("bit and how say more of a block: give its number")
        if self.record is None and "copies" in self.model_fields_set:
            raise ValueError("copies are those of a record: give its name")
        return self

    def run(self, world: World, unit: Appliance) -> None:
        part = part_of(unit, self.part)
        if self.file is not None:
            with probe(unit), mounted(part) as volume:
                data = volume.read(self.file)
                if data is None:
                    raise BadInput(f"{unit.name}: no file {self.file!r} on {self.part}")
                volume.replace(self.file, data[:-1] + bytes([data[-1] ^ 1]) if data else b"\0")
        elif self.record is not None:
            _damage_record(unit, part, self.record, self.copies)
        elif self.block is not None:
            self._damage_block(part, self.block)
        unit.note("damaged", **self.model_dump(exclude_unset=True, exclude_none=True, exclude={"unit"}, mode="json"))

    def _damage_block(self, part: FlashPart, block: int) -> None:
        if block >= part.geometry.blocks or self.bit >= 8 * part.geometry.block_size:
            raise BadInput(
                f"{part.name} has blocks 0 to {part.geometry.blocks - 1} of {part.geometry.block_size} bytes"
            )
        if self.how == "flip":
            part.flip(BitFlip(block, self.bit))
        elif self.how == "bad_block":
            part.add_defect(BadBlock(block))
        else:
            part.add_defect(StuckBit(block, self.bit, int(self.how[-1])))


class FailCard(SlotStep):
    """The card in a slot fails: nothing on it can be read or written."""

    name = "fail_card"
    scalar = "slot"
    example = "fail_card: system-sd"

    def run(self, world: World, unit: Appliance) -> None:
        card = _card(unit, self.slot)
        card.failed = True
        unit.note("card.failed", slot=self.slot)


class FormatCard(SlotStep):
    """Format a card: on a PC, which destroys the feature key, or by Manager, which lays the folders anew."""

    name = "format_card"
    example = "format_card: {slot: system-sd, on: pc}"
    on: Literal["pc", "manager"] = Field("pc", description="where it is formatted")

    def run(self, world: World, unit: Appliance) -> None:
        card = _card(unit, self.slot)
        with probe(unit):
            if self.on == "pc":
                for block in range(card.part.geometry.blocks):
                    card.part.overwrite(block, bytes(card.part.geometry.block_size))
                card.feature_key = None
            else:
                format_card(card.part, None)
        unit.note("card.formatted", slot=self.slot, on=self.on)


class VolumeStep(Step):
    """A step on a card's or a disk's file system."""

    slot: VolumeName | None = Field(None, description="left out: the System SD, or a server's disk")

    def volume(self, unit: Appliance) -> str:
        return self.slot or unit.platform.files


class PutFile(VolumeStep):
    """Put a file on a card: text, one from the desk, a release's binary, so many bytes, or as many as fill the card."""

    name = "put_file"
    one_of = ("text", "desk", "firmware", "size")
    example = "put_file: {path: system/primary/ip500v2.bin, firmware: 12.3}"
    path: CardPath = Field(description="the file's place")
    text: str | None = Field(None, description="its content")
    desk: DeskFile | None = Field(None, description="a file that an earlier step has made")
    firmware: ReleaseName | None = Field(None, description="the binary of this release")
    size: int | Literal["rest"] | None = Field(None, description="in bytes, or rest: all that is free")

    def run(self, world: World, unit: Appliance) -> None:
        with probe(unit), mounted(part_of(unit, self.volume(unit))) as volume:
            if self.text is not None:
                data = self.text.encode()
            elif self.desk is not None:
                data = world.on_desk(self.desk)
            elif self.firmware is not None:
                data = image_of(BY_VERSION[self.firmware])
            else:
                data = b"x" * (volume.room() if self.size == "rest" else int(self.size or 0))
            volume.replace(self.path, data)
        unit.note("file.put", slot=self.volume(unit), path=self.path, bytes=len(data))


class RemoveFile(VolumeStep):
    """Delete a file from a card or a disk."""

    name = "remove_file"
    example = "remove_file: {path: system/primary/config.cfg}"
    path: CardPath = Field(description="the file's place")

    def run(self, world: World, unit: Appliance) -> None:
        place = self.volume(unit)
        with probe(unit), mounted(part_of(unit, place)) as volume:
            if not volume.remove(self.path):
                raise BadInput(f"{unit.name}: no file {self.path!r} on {place}")
        unit.note("file.removed", slot=place, path=self.path)


class TransplantNvm(Step):
    """Replace the unit's internal memory by a copy of another unit's."""

    name = "transplant_nvm"
    scalar = "donor"
    example = "transplant_nvm: donor"
    donor: UnitOfScenario = Field(alias="from", description="the other unit's name")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def run(self, world: World, unit: Appliance) -> None:
        for block, content in enumerate(world.units[self.donor].internal.blocks):
            unit.internal.overwrite(block, content)
        unit.note("nvm.transplanted", donor=self.donor)


def _damage_record(unit: Appliance, part: FlashPart, record: str, copies: str) -> None:
    assert isinstance(unit.records, RecordStore)
    for copy in {"first": (0,), "second": (1,), "both": (0, 1)}[copies]:
        start, _ = unit.records.slot_start(record, copy)
        part.flip(BitFlip(start, 8 * CHECKSUM_AT))


def _card(unit: Appliance, slot: str) -> Card:
    card = unit.slots[slot].card
    if card is None:
        raise BadInput(f"{unit.name}: there is no card in the {slot} slot")
    return card
