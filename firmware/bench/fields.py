"""The checks of :mod:`firmware.bench.values` as types of a scenario's fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from firmware.bench import values

ReleaseName = Annotated[str, BeforeValidator(values.release)]
Mac = Annotated[str, BeforeValidator(values.mac)]
Seed = Annotated[int, BeforeValidator(values.seed)]
Interface = Annotated[str, BeforeValidator(values.interface)]
LanSetting = Annotated[str, BeforeValidator(values.lan)]
Address = Annotated[str, BeforeValidator(values.address)]
Moment = Annotated[int, BeforeValidator(values.moment)]
ClockReading = Annotated[int | None, BeforeValidator(values.clock)]
ClockOrSet = Annotated[int | str | None, BeforeValidator(values.clock_or_set)]
Duration = Annotated[int, BeforeValidator(values.duration)]
SignedDuration = Annotated[int, BeforeValidator(values.signed_duration)]
UnitName = Annotated[str, BeforeValidator(values.unit_name)]
CardPath = Annotated[str, BeforeValidator(values.card_path)]
TimeOfDay = Annotated[int, BeforeValidator(values.time_of_day)]
