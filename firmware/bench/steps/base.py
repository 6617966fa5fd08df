"""What a step of a scenario is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from firmware.appliance import Appliance
from firmware.bench import values
from firmware.bench.fields import Known
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.problems import Problems, names_of
from firmware.bench.world import World
from firmware.device.flash import FlashPart
from firmware.errors import BadInput
from firmware.platform import operate


class Step(BaseModel):
    """One step. ``scalar`` names the field that the short form ``step: value`` fills; ``unit`` is needed where a
    scenario has several; ``does`` is the operation that the unit's platform must have. ``of_unit`` is False of a step
    of somebody around the units: it needs no ``unit``, however many there are. ``settles`` is True of one that lets
    time pass until every unit rests again, as each that ``does`` something does. Of the fields
    ``one_of`` just one is given. ``example`` is for the reference."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]
    scalar: ClassVar[str | None] = None
    does: ClassVar[str | None] = None
    of_unit: ClassVar[bool] = True
    settles: ClassVar[bool] = False
    one_of: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[str]
    unit: str | None = Field(None, description="which unit, where there are several")
    refusal: str | None = Field(
        None, description="a text in why the unit refuses this; without a refusal the step fails"
    )
    at_once: bool = Field(
        default=False, description="do not wait until the units rest again: the next step comes meanwhile"
    )

    @model_validator(mode="after")
    def _can_wait(self) -> Step:
        if self.at_once and not (self.does or self.settles):
            raise ValueError(f"at_once: {self.name} does not wait until the units rest anyway")
        return self

    @model_validator(mode="after")
    def _has_just_one(self) -> Step:
        if self.one_of and sum(getattr(self, name) is not None for name in self.one_of) != 1:
            raise ValueError(f"give one of {', '.join(map(self.as_written, self.one_of))}")
        return self

    @classmethod
    def as_written(cls, field: str) -> str:
        """A field's name in a scenario."""
        return cls.model_fields[field].alias or field

    @classmethod
    def field_names(cls) -> list[str]:
        """Its fields as they are written."""
        return names_of(cls)

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """The fields, at any depth, whose values no report shows."""
        return frozenset(_secrets_of(cls))

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Step | None:
        """The step as it was written; what is wrong goes to ``problems``. Files are looked for in ``folder``."""
        if known and cls.does and cls.does not in known.platform.operations:
            able = ", ".join(sorted(set(known.platform.operations) - {"card_removed"}))
            problems.add(place, f"{cls.name} is not possible on {known.platform.named}: {able} are")
            return None
        return problems.validate(cls, fields, place, known)

    def run(self, world: World, unit: Appliance) -> None:
        """As long as a step does not say otherwise: the operation that it is named after."""
        assert self.does is not None
        self.perform(world, unit, self.does, **self.arguments(world))

    def arguments(self, world: World) -> dict[str, Any]:
        """What the operation is called with: the step's own fields."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in Step.model_fields}

    def perform(self, world: World, unit: Appliance, operation: str, **arguments: Any) -> None:
        """One of the platform's operations, then time passes until every unit rests."""
        world.act(unit, partial(operate, unit, operation, **arguments))
        self.settle(world)

    def settle(self, world: World) -> None:
        """Let time pass until every unit rests, unless the step is to be done at once."""
        if not self.at_once:
            world.settle()


def _secrets_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        parts = list(_parts(field.annotation))
        if any(getattr(part, "func", None) is values.secret for part in (*field.metadata, *parts)):
            yield field.alias or name
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _secrets_of(part)


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def part_of(unit: Appliance, name: str) -> FlashPart:
    parts = unit.parts()
    if name not in parts:
        raise BadInput(f"{unit.name}: there is no card in the {name} slot")
    return parts[name]
