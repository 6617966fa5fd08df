"""Power, buttons and time of an IP500 V2."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.errors import NotNow
from firmware.times import DAY, HOUR, MINUTE, SECOND
from tests.boot.units import cut_power, unmended
from tests.units.events import DURATIONS, LONG
from tests.units.ip500v2_start import NONE, Starting
from tests.units.machine import RUNNING, is_off, is_on, is_running
from tests.units.model import COMMANDED, REMOVED, Stages

DONE = "shutdown.done"
WINDOW = 30 * MINUTE  # KB: the daily copy is made between 00:00 and 00:30


class Power(Starting):
    # Power and buttons.

    @precondition(is_off)
    @rule(holding=st.sampled_from((None, None, None, "reset", "aux")))
    def power_on(self, holding: str | None) -> None:
        stages = self.started(self.flash, holding)
        self.boots(self.do("power_on", stages, holding=holding, finals=self.finals))

    @precondition(is_on)
    @rule()
    def power_on_what_is_on(self) -> None:
        self.do("power_on", [self.flash], refused=NotNow)

    @precondition(is_running)
    @rule(button=st.sampled_from(("reset", "aux")), held=st.sampled_from((2, 7, 20, 35, 50)))
    def press(self, button: str, held: int) -> None:
        action = self.order("press", button=button, held=held * SECOND)
        if held == 2 or (button == "reset" and held == 50):
            self.perform(action, [self.flash])
        elif button == "aux":
            struck = self.perform(action, [self.flash, self.saved()])
            self.lands(struck, DONE)
            self.restart_at = None if struck else self.unit.clock.now + 10 * MINUTE
        elif held == 7:
            self.restart(True, [self.flash], action)
        else:
            stages = self.defaulted()
            if held == 35:
                bare = {**stages[-1], "nvm binary": None}
                stages += [bare, {**bare, "card binary": None}]
            self.restart(False, stages, action)

    def defaulted(self) -> Stages:
        """A default command: without a card there is no file to be removed, yet."""
        marked = {**self.flash, "mark": COMMANDED}
        gone = {**marked, "card": None}
        return [self.flash, marked, gone, {**gone, "mark": REMOVED}] if self.has_card() else [self.flash, marked]

    @precondition(is_running)
    @rule(when=st.sampled_from((None, 1 * HOUR, 9 * HOUR + 1)))
    def reboot(self, when: int | None) -> None:
        action = self.order("reboot", at=when)
        if when is None:
            self.restart(True, [self.flash], action)
            return
        self.perform(action, [self.flash])
        shown = self.unit.clock.read()
        if self.unit.state == RUNNING and shown is not None:
            self.reboot_at = shown + ((when - shown) % DAY or DAY)
            self.skips_nightly = self.reboot_at // DAY > shown // DAY

    @precondition(is_running)
    @rule(off_for=st.sampled_from((None, HOUR)))
    def shutdown(self, off_for: int | None) -> None:
        struck = self.do("shutdown", [self.flash, self.saved()], off_for=off_for)
        self.lands(struck, DONE)
        self.restart_at = self.unit.clock.now + off_for if off_for and not struck else None
        assert struck or unmended(self.unit) == []

    # Time.

    @precondition(is_on)
    @rule(duration=DURATIONS)
    def wait(self, duration: int) -> None:
        now, shown = self.unit.clock.now, self.unit.clock.read()
        action = lambda: self.pass_time(duration)  # noqa: E731
        if self.unit.state == DONE:
            due = self.restart_at is not None and now + duration >= self.restart_at
            duration = self.restart_at - now if due and self.restart_at else duration
            stages = self.started(self.flash) if due else [self.flash]
            struck = self.perform(action, stages, finals=self.finals)
            self.boots(struck) if due else None
        elif self.unit.state == NONE:
            duration = 1 * MINUTE
            stages = self.started(self.flash, self.held, by_bootp=True)
            self.boots(self.perform(action, stages, finals=self.finals))
        elif (
            self.reboot_at is not None and shown is not None and shown + duration >= self.reboot_at and not self.moves()
        ):
            duration = self.reboot_at - shown
            stages = [self.flash, self.saved()]
            stages += self.started(stages[-1])
            self.boots(self.perform(action, stages, finals=self.finals))
        else:
            self.run_on(action, duration, shown)

    def run_on(self, action: Any, duration: int, shown: int | None) -> None:
        """Operation goes on, perhaps past a nightly copy – or, where a clock that jumps decides, past a reboot."""
        maybe, surely = self.nights(shown, duration)
        stages = [self.flash, self.saved()] if maybe else [self.flash]
        if self.reboot_at is not None and (self.moves() or self.was_set):
            self.disarm()
            cut_power(self.unit)  # nobody can say what the model is to expect: begin again
            self.forget()
            self.flash = self.seen() | {"security": self.flash["security"]}
            return
        struck = self.perform(action, stages, finals=1 if surely or not maybe else 2)
        self.lands(struck, RUNNING)

    def moves(self) -> bool:
        """Whether SNTP will set the clock."""
        return self.around.ntp_server is not None and not self.is_right()

    def nights(self, shown: int | None, duration: int) -> tuple[bool, bool]:
        """Whether a nightly copy may fall into this time, and whether one must."""
        if self.moves() or self.was_set:
            return True, False
        if shown is None or self.skips_nightly:
            return False, False
        midnight = shown // DAY * DAY
        nights = [midnight + n * DAY for n in range(duration // DAY + 2)]
        may = any(night + WINDOW >= shown and night <= shown + duration for night in nights)
        return may, any(shown < night and night + WINDOW < shown + duration for night in nights)

    @precondition(is_running)
    @rule(by=st.sampled_from((-LONG, -DAY, 10 * HOUR, 900 * DAY, 0)))
    def set_clock(self, by: int) -> None:
        if self.unit.clock.now + by > 0:
            self.do("set_clock", [self.flash], reading=self.unit.clock.now + by)
            self.was_set = True
