"""A bring-up is a table of states and rows, with an activity per state. The only user of ``transitions``.

A state is entered, lasts its duration, then its activity runs and names the trigger to follow; a state without an
activity rests until somebody triggers it or one of its timers is due. Activities run outside the library's callbacks,
so a PowerCut passes through untouched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from firmware.basis import Basis
from firmware.device.clock import Clock
from firmware.device.panel import Light
from firmware.errors import NotNow

if TYPE_CHECKING:
    from transitions import Machine

ACTIVITY = "activity"
ANY = "*"


class Subject(Protocol):
    """What can be brought up: a state, a clock, and timers (name -> simulated ms when due)."""

    state: str
    clock: Clock
    timers: dict[str, int]

    def entered(self, state: State[Any]) -> None: ...


S = TypeVar("S", bound=Subject)


@dataclass(frozen=True, slots=True)
class Lights:
    """The LED patterns of a state: CPU, System SD slot and base unit of an IP500 V2; a module's upper and lower LED."""

    cpu: Light = Light.OFF
    sd: Light = Light.OFF
    base: Light = Light.OFF
    upper: Light = Light.OFF
    lower: Light = Light.OFF


@dataclass(frozen=True)
class State(Generic[S]):
    """One state. ``duration`` in ms, or a function that gives it.

    ``timers``: what runs when a timer of that name is due, in a state without an activity. An activity and a timer
    return the trigger to follow, a timer also None to stay. ``prepare`` runs before the state is announced,
    ``on_enter`` after.
    """

    name: str
    about: str
    lights: Lights
    basis: Basis
    source: str = ""
    activity: Callable[[S], str] | None = None
    duration: int | Callable[[S], int] = 0
    prepare: Callable[[S], None] | None = None
    on_enter: Callable[[S], None] | None = None
    timers: Mapping[str, Callable[[S], str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """``trigger`` leads from ``source`` to ``dest``: a state's name, ANY, or ``group.*`` for a group of states."""

    trigger: str
    source: str
    dest: str


@dataclass(frozen=True)
class BringUp(Generic[S]):
    """A table, and what moves a subject along it."""

    name: str
    initial: str
    states: tuple[State[S], ...]
    rows: tuple[Row, ...]

    @cached_property
    def by_name(self) -> dict[str, State[S]]:
        return {state.name: state for state in self.states}

    @cached_property
    def machine(self) -> Machine:
        # Imported here: it costs 30 ms at start-up, and a command that only reads a unit has no use for it.
        import transitions

        class Trigger(transitions.Event):
            """A row has neither conditions nor callbacks, so to follow it is to set the state: 1 µs instead of 11."""

            def trigger(self, model: Any, *_args: Any, **_kwargs: Any) -> bool:
                model.state = self.transitions[model.state][0].dest
                return True

        class Table(transitions.Machine):
            event_cls = Trigger

        logging.getLogger("transitions").setLevel(logging.WARNING)
        return Table(
            model=None,
            states=[state.name for state in self.states],
            initial=self.initial,
            transitions=[[row.trigger, self.sources(row), row.dest] for row in self.rows],
            auto_transitions=False,
        )

    def fire(self, subject: S, trigger: str) -> None:
        """Follow a row. NotNow when the table has none for this trigger in the subject's state."""
        event = self.machine.events.get(trigger)
        if event is None or not event.transitions.get(subject.state):
            raise NotNow(f"{trigger.replace('_', ' ')} is not possible in the state {subject.state}")
        event.trigger(subject)
        self._enter(subject)

    def accepts(self, subject: S, trigger: str) -> bool:
        event = self.machine.events.get(trigger)
        return event is not None and bool(event.transitions.get(subject.state))

    def _enter(self, subject: S) -> None:
        state = self.by_name[subject.state]
        subject.timers.clear()
        if state.prepare is not None:
            state.prepare(subject)
        subject.entered(state)
        if state.activity is not None:
            duration = state.duration if isinstance(state.duration, int) else state.duration(subject)
            subject.timers[ACTIVITY] = subject.clock.now + duration
        if state.on_enter is not None:
            state.on_enter(subject)

    def rests(self, subject: S) -> bool:
        """Whether nothing more happens until somebody acts or a timer of a resting state is due."""
        return ACTIVITY not in subject.timers

    def step(self, subject: S) -> None:
        """Let the subject's next timer come due: advance its clock, run what is to run, follow the row it names."""
        timers = subject.timers  # a state has an activity or timers, not both
        name = ACTIVITY if ACTIVITY in timers else min(timers, key=timers.__getitem__)
        subject.clock.advance_to(subject.timers.pop(name))
        state = self.by_name[subject.state]
        if name == ACTIVITY:
            assert state.activity is not None
            self.fire(subject, state.activity(subject))
        elif trigger := state.timers[name](subject):
            self.fire(subject, trigger)

    def settle(self, subject: S) -> None:
        """Step until the subject rests."""
        while not self.rests(subject):
            self.step(subject)

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {_identifier(self.initial)}"]
        lines += [f"    {_identifier(state.name)}: {state.name}" for state in self.states]
        for row in self.rows:
            for source in self.sources(row):
                lines.append(f"    {_identifier(source)} --> {_identifier(row.dest)}: {row.trigger.replace('_', ' ')}")
        return "\n".join(lines)

    def sources(self, row: Row) -> list[str]:
        """The states a row leaves from."""
        if not row.source.endswith(ANY):
            return [row.source]
        group = row.source.removesuffix(ANY)
        return [state.name for state in self.states if state.name.startswith(group)]


def _identifier(name: str) -> str:
    return name.replace(".", "_")
