"""The checks of :mod:`firmware.bench.values` as types of a scenario's fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from firmware.bench import values

ReleaseName = Annotated[str, BeforeValidator(values.release)]
Mac = Annotated[str, BeforeValidator(values.mac)]
Seed = Annotated[int, BeforeValidator(values.seed)]
Interface = Annotated[str, BeforeValidator(values.interface)]
Moment = Annotated[int, BeforeValidator(values.moment)]
ClockReading = Annotated[int | None, BeforeValidator(values.clock)]
Duration = Annotated[int, BeforeValidator(values.duration)]
SignedDuration = Annotated[int, BeforeValidator(values.signed_duration)]
TimeOfDay = Annotated[int, BeforeValidator(values.time_of_day)]
