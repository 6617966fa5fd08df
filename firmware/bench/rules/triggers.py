"""What can happen to a certificate, as data: ``triggers.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from firmware.bench import marked_yaml, values
from firmware.bench.problems import Problems

FILE = Path(__file__).with_name("triggers.yaml")
Way = Literal["booted", "lazy", "ignited"]
Service = Literal["management", "telephony"]
Steps = list[Any] | dict[Way, list[Any]]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ComingUp(_Model):
    """The steps with which a unit comes up, and what it presents then."""

    steps: list[Any]
    presented: Literal["none", "generated"]


class Preparation(_Model):
    """Where a trigger meets the unit. Of the other ``units`` one without a platform is as the judged one."""

    up: str
    units: dict[str, dict[str, Any]] = {}
    host: str | None = None
    clock: str | None = None
    environment: dict[str, Any] = {}
    before: Steps = []
    after: Steps = []


class Trigger(_Model):
    """What happens to the unit; ``service`` is the TLS service that is looked at. ``of_a_root``: only where there can
    be a root CA."""

    title: str
    prepared: str = Field(alias="from")
    steps: Steps
    service: Service = "management"
    of_a_root: bool = False


class Table(_Model):
    """All of ``triggers.yaml``."""

    lazy_before: str
    ways: dict[str, dict[Way, ComingUp]]
    preparations: dict[str, Preparation]
    triggers: dict[str, Trigger]


@cache
def table() -> Table:
    problems = Problems(marked := marked_yaml.load(FILE.read_text("utf-8"), FILE.name))
    found = problems.validate(Table, marked.data, ())
    problems.raise_any()
    assert found is not None
    return found


def one_of(value: object) -> str:
    """A trigger's name; ValueError names the nearest."""
    return values.one_of(str(value), tuple(table().triggers), "trigger")
