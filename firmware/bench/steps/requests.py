"""What a browser sends to a Linux server, and no more: the steps of a live session that was recorded.

A person in a scenario uses ``log_in``, ``open``, ``fill`` and ``submit``, which also follow where the server leads.
"""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, model_validator

from firmware.appliance import Appliance
from firmware.bench import answers
from firmware.bench.fields import Known, PageName
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.problems import Problems
from firmware.bench.steps.ignition import BrowserStep
from firmware.bench.world import Asking, World
from firmware.errors import BadInput
from ignition import sessions, wizard

WAYS = ("log_in", "log_out", "open", "send", "apply")


class Request(BrowserStep):
    """One request of a browser: logs in or out, opens a page, sends one, or has Apply tried again."""

    name = "request"
    settles = True
    example = "request: {open: network, browser: second}"
    log_in: str | None = Field(None, description="as this user, with the password")
    password: str = Field("", description="of that user")
    log_out: bool = Field(False, description="end the session")
    open: PageName | None = Field(None, description="this page")
    send: PageName | None = Field(None, description="this page, with the values and the tag of its form")
    values: dict[str, str] = Field(default_factory=dict, description="what is in the form: field -> value")
    files: dict[str, str] = Field(default_factory=dict, description="files that are sent: field -> path")
    tag: str | None = Field(None, description="of the form: what was kept of the page when it was made")
    apply: bool = Field(False, description="try again to apply the settings")
    _folder: Path = PrivateAttr(default=Path())

    @classmethod
    def secrets(cls) -> frozenset[str]:
        return answers.PASSWORDS

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Request | None:
        step = super().read(fields, place, problems, known, folder)
        assert step is None or isinstance(step, Request)
        if step is not None:
            step._folder = folder
        return step

    @model_validator(mode="after")
    def _one_way(self) -> Request:
        if sum(bool(getattr(self, way)) for way in WAYS) != 1:
            raise ValueError(f"give one of {', '.join(WAYS)}")
        return self

    def run(self, world: World, unit: Appliance) -> None:
        world.act(unit, Asking(self._asked(unit)))
        self.settle(world)

    def _asked(self, unit: Appliance) -> partial[Any]:
        if self.log_in:
            begin = wizard.log_in if wizard.is_open(unit) else sessions.log_in
            return partial(begin, unit, self.log_in, self.password, self.browser)
        if self.open:
            return partial(wizard.open_page, unit, self.browser, self.open)
        if self.send:
            values = self.values | {name: self._sent(path) for name, path in self.files.items()}
            return partial(wizard.submit, unit, self.browser, self.send, values, self.tag)
        return partial(wizard.apply if self.apply else sessions.log_out, unit, self.browser)

    def _sent(self, name: str) -> str:
        path = self._folder / name
        try:
            return base64.b64encode(path.read_bytes()).decode()
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from None
