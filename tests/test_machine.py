"""A bring-up moves its subject along a table; shown on a kettle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from firmware.basis import Basis
from firmware.device.clock import Clock
from firmware.errors import NotNow, PowerCut
from firmware.machine import ACTIVITY, ANY, BringUp, Lights, Row, State


@dataclass
class Kettle:
    state: str = "off"
    clock: Clock = field(default_factory=lambda: Clock(1000))
    timers: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    cold: bool = True
    breaks: BaseException | None = None

    def entered(self, state: State[Any]) -> None:
        self.log.append(f"{self.clock.now} {state.name}")


def fill(kettle: Kettle) -> str:
    kettle.log.append("fill")
    return "filled"


def heat(kettle: Kettle) -> str:
    if kettle.breaks:
        raise kettle.breaks
    kettle.log.append("heat")
    return "boiled"


def heating_time(kettle: Kettle) -> int:
    return 300 if kettle.cold else 20


def warm_up(kettle: Kettle) -> None:
    kettle.log.append("prepare")


def keep_warm(kettle: Kettle) -> None:
    kettle.timers["cool"] = kettle.clock.now + 500
    kettle.timers["beep"] = kettle.clock.now + 100


def beep(kettle: Kettle) -> str | None:
    kettle.log.append("beep")
    return None


def cool(kettle: Kettle) -> str | None:
    kettle.cold = True
    return "cooled"


def state(
    name: str,
    activity: Callable[[Kettle], str] | None = None,
    duration: int | Callable[[Kettle], int] = 0,
    **more: Any,
) -> State[Kettle]:
    return State(name, f"it is {name}", Lights(), Basis.ASSUMED, "", activity, duration, **more)


TABLE: BringUp[Kettle] = BringUp(
    "kettle",
    "off",
    (
        state("off"),
        state("on.filling", fill, 50),
        state("on.heating", heat, heating_time, prepare=warm_up),
        state("on.hot", on_enter=keep_warm, timers={"beep": beep, "cool": cool}),
    ),
    (
        Row("switch_on", "off", "on.filling"),
        Row("filled", "on.filling", "on.heating"),
        Row("boiled", "on.heating", "on.hot"),
        Row("cooled", "on.hot", "off"),
        Row("power_cut", ANY, "off"),
    ),
)


def test_settling_follows_the_table_in_simulated_time() -> None:
    kettle = Kettle()
    TABLE.fire(kettle, "switch_on")
    assert kettle.timers == {ACTIVITY: 1050}
    assert not TABLE.rests(kettle)
    TABLE.settle(kettle)
    assert kettle.log == ["1000 on.filling", "fill", "prepare", "1050 on.heating", "heat", "1350 on.hot"]
    assert (kettle.state, kettle.clock.now) == ("on.hot", 1350)
    assert TABLE.rests(kettle)


def test_a_duration_may_depend_on_the_subject() -> None:
    kettle = Kettle(cold=False)
    TABLE.fire(kettle, "switch_on")
    TABLE.settle(kettle)
    assert kettle.clock.now == 1000 + 50 + 20


def test_a_step_is_the_next_timer() -> None:
    kettle = Kettle()
    TABLE.fire(kettle, "switch_on")
    TABLE.settle(kettle)
    assert kettle.timers == {"cool": 1850, "beep": 1450}
    TABLE.step(kettle)
    assert (kettle.log[-1], kettle.state, kettle.clock.now) == ("beep", "on.hot", 1450)  # None: it stays
    assert kettle.timers == {"cool": 1850}
    TABLE.step(kettle)
    assert (kettle.log[-1], kettle.state, kettle.clock.now) == ("1850 off", "off", 1850)


def test_leaving_a_state_forgets_its_timers() -> None:
    kettle = Kettle()
    TABLE.fire(kettle, "switch_on")
    TABLE.settle(kettle)
    TABLE.fire(kettle, "power_cut")
    assert kettle.timers == {}


def test_a_timer_that_is_late_does_not_turn_time_back() -> None:
    kettle = Kettle()
    TABLE.fire(kettle, "switch_on")
    kettle.clock.advance_to(5000)
    TABLE.step(kettle)
    assert (kettle.state, kettle.clock.now) == ("on.heating", 5000)


@pytest.mark.parametrize("trigger", ["boiled", "explode"])
def test_what_no_row_allows_is_not_now(trigger: str) -> None:
    kettle = Kettle()
    assert not TABLE.accepts(kettle, trigger)
    with pytest.raises(NotNow, match=f"{trigger} is not possible in the state off"):
        TABLE.fire(kettle, trigger)
    assert kettle == Kettle(clock=kettle.clock)


def test_the_message_names_a_trigger_in_words() -> None:
    with pytest.raises(NotNow, match=r"switch on is not possible in the state on\.hot"):
        TABLE.fire(Kettle("on.hot"), "switch_on")


@pytest.mark.parametrize("name", ["off", "on.filling", "on.heating", "on.hot"])
def test_any_means_every_state(name: str) -> None:
    kettle = Kettle(name)
    assert TABLE.accepts(kettle, "power_cut")
    TABLE.fire(kettle, "power_cut")
    assert kettle.state == "off"


@pytest.mark.parametrize("trouble", [PowerCut("now"), OSError("no")])
def test_trouble_in_an_activity_passes_through_untouched(trouble: BaseException) -> None:
    kettle = Kettle(breaks=trouble)
    TABLE.fire(kettle, "switch_on")
    with pytest.raises(type(trouble)) as raised:
        TABLE.settle(kettle)
    assert raised.value is trouble
    assert raised.value.__cause__ is raised.value.__context__ is None
    assert kettle.state == "on.heating"
    TABLE.fire(kettle, "power_cut")  # and the table is none the worse
    kettle.breaks = None
    TABLE.fire(kettle, "switch_on")
    TABLE.settle(kettle)
    assert kettle.state == "on.hot"


def test_subjects_do_not_meet_in_the_shared_machine() -> None:
    first, second = Kettle(), Kettle()
    TABLE.fire(first, "switch_on")
    assert (first.state, second.state) == ("on.filling", "off")


def test_the_diagram() -> None:
    assert TABLE.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> off",
        "    off: off",
        "    on_filling: on.filling",
        "    on_heating: on.heating",
        "    on_hot: on.hot",
        "    off --> on_filling: switch on",
        "    on_filling --> on_heating: filled",
        "    on_heating --> on_hot: boiled",
        "    on_hot --> off: cooled",
        "    off --> off: power cut",
        "    on_filling --> off: power cut",
        "    on_heating --> off: power cut",
        "    on_hot --> off: power cut",
    ]
