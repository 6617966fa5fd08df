"""What is recorded: a scenario's run, or what is done to a unit as it comes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import yaml

from firmware import __version__
from firmware.appliance import Appliance
from firmware.bench import marked_yaml, replay, values
from firmware.bench.orders import DEFAULT_SEED, tee
from firmware.bench.outside import release_of
from firmware.bench.recording.deeds import Deed, describe
from firmware.bench.recording.lines import FORMAT, HeadLine, UnitLine
from firmware.bench.recording.reading import beginning_of
from firmware.bench.recording.writing import File, Recorder, Write
from firmware.bench.scenario import PlannedStep, Scenario, show
from firmware.bench.state import LOCK, holds_unit
from firmware.bench.world import World
from firmware.errors import BadInput, FirmwareError
from firmware.journal import Event
from firmware.times import show_time

LONGEST_NAME = 255  # of a file


class RunTape:
    """A witness of a scenario's run, who writes down what happens."""

    def __init__(self, write: Write, head: HeadLine) -> None:
        self._recorder = Recorder(write)
        self._head = head

    def meets(self, world: World) -> None:
        self._recorder.begin(self._head.model_dump(), world)

    def begins(self, planned: PlannedStep) -> None:
        self._recorder.step(planned.unit, planned.text)

    def hears(self, event: Event) -> None:
        self._recorder.event(event)

    def ends(self, report: replay.Report) -> None:
        objection = next((outcome.objection for outcome in report.outcomes if outcome.objection), "")
        self._recorder.close(objection=objection)
        self._recorder.end(passed=report.passed)


def head_of(text: str, scenario: Scenario, seed: int | None, folder: Path) -> HeadLine:
    """What a recording of a scenario's run begins with."""
    return HeadLine(
        recording=FORMAT,
        program=__version__,
        live=False,
        file=scenario.file,
        seed=seed,
        scenario=text,
        units={name: _made_of(scenario, name, seed) for name in scenario.units},
        files=files_of(marked_yaml.load(text, scenario.file).data, folder),
    )


def _made_of(scenario: Scenario, name: str, seed: int | None) -> UnitLine:
    _, order = scenario.units[name]
    counts = order.seed if seed is None else seed
    return UnitLine(
        platform=order.platform.name,
        release=order.starts_with.version,
        mac=order.mac or order.platform.default_mac,
        seed=DEFAULT_SEED if counts is None else counts,
    )


def files_of(data: Any, folder: Path) -> dict[str, str]:
    """The files below a scenario's folder that it names, and their digests."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(set(_named(data, folder)))
    }


def _named(data: Any, folder: Path) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for inner in data:
            yield from _named(inner, folder)
    elif isinstance(data, str) and _may_be_a_name(data) and (folder / data).is_file():
        yield data


def _may_be_a_name(text: str) -> bool:
    return 0 < len(text.encode("utf-8", "replace")) <= LONGEST_NAME and text.isprintable()


@contextmanager
def recording(path: Path | None, scenario: Scenario, seed: int | None, state: Path | None) -> Iterator[list[RunTape]]:
    """The witness who records a scenario's run into a file; nobody when none is named."""
    if path is None:
        yield []
        return
    places = [] if state is None else [state] if len(scenario.units) == 1 else [state / name for name in scenario.units]
    continues = any(map(holds_unit, places))
    if continues and state is not None:
        _keep_beginning(path, state)
    source = Path(scenario.file)
    head = head_of(values.read_text(source, "a scenario"), scenario, seed, source.parent)
    with closing(File(path)) as file:
        yield [RunTape(file.write, head.model_copy(update={"continues": continues}))]


def _keep_beginning(path: Path, state: Path) -> None:
    """Keep a state directory as it is: what its units hold is in no scenario."""
    place = beginning_of(path)
    try:
        shutil.copytree(state, place, ignore=shutil.ignore_patterns(LOCK))
    except FileExistsError:
        raise BadInput(f"{place}: is there already; give another --record, or remove it") from None
    except (OSError, shutil.Error) as error:
        raise BadInput(f"{place}: {error}") from None


@contextmanager
def recorded(path: Path | None, unit: Appliance, state: Path, *, is_new: bool) -> Iterator[World]:
    """The world of a unit that people do things to; what they do goes into a file, when one is named."""
    if path is None:
        world = World(unit.clock.now)
        world.add(unit)
        yield world
        return
    if not is_new:
        _keep_beginning(path, state)
    with closing(File(path)) as file:
        live = LiveWorld(unit.clock.now, file.write)
        live.add(unit)
        live.begin(unit, f"A session with {unit.platform.named}", continues=not is_new)
        yield live
        live.end()


class LiveWorld(World):
    """A world that writes down what is done to its unit from outside, and what comes of it.

    Time that passes is a step too: ``wait``, up to the moment of each thing that a unit then does by itself.
    """

    def __init__(self, now: int, write: Write) -> None:
        super().__init__(now)
        self._recorder = Recorder(write)
        self._browsers: dict[str, str] = {}
        self._reached = now
        self._passing: int | None = None  # the moment of the wait that was written last, when nothing was done since
        self._inside = False  # a deed, or something that the unit does by itself

    def begin(self, unit: Appliance, title: str, *, continues: bool) -> None:
        clock = {"clock": "unset"} if unit.clock.read() is None else {}
        made = {"platform": unit.platform.name, "release": release_of(unit), "mac": unit.mac, "seed": unit.entropy.seed}
        head = {"name": title, "unit": {**made, **clock}, "clock": show_time(unit.clock.now)}
        text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
        about = {"recording": FORMAT, "program": __version__, "live": True, "file": "", "seed": None,
                 "continues": continues}  # fmt: skip
        self._recorder.begin({**about, "scenario": text, "units": {unit.name: made}, "files": {}}, self)
        tee(unit.journal, self._hear)

    def end(self) -> None:
        self._let_pass()
        self._recorder.end(passed=True)

    def act(self, unit: Appliance, action: Callable[[], None]) -> None:
        if self._inside:
            return super().act(unit, action)
        deed = describe(action, self._browsers)
        if deed is None:
            return super().act(unit, action)
        with self._deed(unit, deed):
            return super().act(unit, action)

    def as_step(self, unit: Appliance, row: dict[str, Any]) -> AbstractContextManager[None]:
        return nullcontext() if self._inside else self._deed(unit, Deed(row))

    def cut_power(self, unit: Appliance, why: str) -> None:
        if self._inside:
            return super().cut_power(unit, why)
        with self._deed(unit, Deed({"cut_power": {"why": why}})):
            return super().cut_power(unit, why)

    def _step(self, unit: Appliance | None) -> None:
        if self._inside:
            return super()._step(unit)
        self._inside = True
        try:
            assert unit is not None
            self._wait_until(unit, max(self.now, min(unit.timers.values())))
            return super()._step(unit)
        finally:
            self._inside = False

    @contextmanager
    def _deed(self, unit: Appliance, deed: Deed) -> Iterator[None]:
        self._let_pass()
        self._passing = None
        text = show(deed.row) if deed.row else deed.lacks
        told = {"row": deed.row, "lacks": deed.lacks, "files": dict(deed.files)}
        self._recorder.step(unit.name, text, **{name: value for name, value in told.items() if value})
        self._inside = True
        try:
            yield
            self._recorder.close()
        except (FirmwareError, BadInput) as error:
            self._recorder.close(refused=str(error))
            raise
        finally:
            self._inside = False

    def _let_pass(self) -> None:
        if self.now > self._reached:
            self._wait_until(next(iter(self.units.values())), self.now)

    def _wait_until(self, unit: Appliance, moment: int) -> None:
        """Several that are due at the same moment make one step, unless something was done in between."""
        self._reached = moment
        if self._passing == moment:
            return
        self._passing = moment
        row = {"wait": {"at": show_time(moment)}}
        self._recorder.step(unit.name, show(row), row=row)

    def _hear(self, event: Event) -> None:
        self._recorder.event(event, outside=not self._inside)
