"""``*.ipsim.yaml``: a scenario file is a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.bench import replay, report, scenario, values
from firmware.bench.pytest_plugin import RAN, asked
from firmware.bench.pytest_plugin.bench import Ran
from firmware.bench.replay import Report
from firmware.bench.scenario import Scenario
from firmware.errors import BadInput, IpsimError, Unmet


class ScenarioRan:
    """A run of a scenario file."""

    is_broken = False

    def __init__(self, ran: Report, seed: int | None) -> None:
        self.report = ran
        self.seed = seed

    def script(self) -> None:
        return None

    def tell(self, error: AssertionError) -> None:
        """A scenario has its own words."""


class ScenarioFile(pytest.File):
    def collect(self) -> Iterator[ScenarioItem]:
        try:
            text = values.read_text(self.path, "a scenario")
            loaded = scenario.parse(text, values.printable(self.shown), self.path.parent)
        except BadInput as error:
            raise self.CollectError(str(error)) from None
        item: ScenarioItem = ScenarioItem.from_parent(self, name=loaded.name, scenario=loaded)
        yield item

    @property
    def shown(self) -> Path:
        """As a person would name it who stands where pytest was started."""
        here = self.config.invocation_params.dir
        return self.path.relative_to(here) if self.path.is_relative_to(here) else self.path


class ScenarioItem(pytest.Item):
    def __init__(self, *, scenario: Scenario, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario

    def runtest(self) -> None:
        seed = None if self._has_seed() else asked.seed_option(self.config)
        ran = replay.run(self.scenario, seed=seed)
        done: list[Ran] = [ScenarioRan(ran, seed)]
        self.stash[RAN] = done
        if not ran.passed:
            raise Unmet("\n".join(line.strip() for line in report.verdict(ran)[1:]))

    def _has_seed(self) -> bool:
        specs = [spec for spec, _ in self.scenario.units.values()]
        return self.scenario.head.seed is not None or any(spec.seed is not None for spec in specs)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, IpsimError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}: {self.name}"
