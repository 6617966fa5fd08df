"""The command that puts a unit behind a listener, for a browser."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from firmware.bench.cli_options import NEW_UNIT, STATE, Value, say, style
from firmware.errors import BadInput, Unmet

AS_FAST_AS_POSSIBLE = "max"


class Speed(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """Simulated seconds per second, or ``max``: None."""

    name = "N|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        if value == AS_FAST_AS_POSSIBLE:
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not 0.01 <= speed <= 10_000:
            self.fail(f"{value!r} is no speed: a number from 0.01 to 10000, or max", param, ctx)
        return speed


class Receiver(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """Host and port of a UDP receiver."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        host, _, port = value.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
            self.fail(f"{value!r} is no HOST:PORT such as 127.0.0.1:5514 or [::1]:5514", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
@STATE
@NEW_UNIT
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", default=7071, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--speed", default="1", show_default=True, type=Speed(), help="How fast simulated time goes by. "
              "max: activities take no time and nothing else makes time pass (a blocked log-in stays so).")  # fmt: skip
@click.option("--syslog", "receiver", type=Receiver(), help="Send there (UDP) what the unit sends to its syslog "
              "destinations, whatever their addresses; left out: nowhere.")  # fmt: skip
@click.option("--json", "told", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write url and port there as soon as it listens.")  # fmt: skip
def serve(
    platform: Any, state: Path, host: str, port: int, speed: float | None, told: Path | None,
    receiver: tuple[str, int] | None, **asked: Any,
) -> None:  # fmt: skip
    """Start a Linux server and serve its wizard, or its platform page, to a browser.

    Ctrl-C shuts the unit down; killed, it has lost its power. The browser will not know the certificate at first.

    \b
    Example: ipsim serve primary --state state/primary
    """
    from ignition.wizard import has_wizard

    if not has_wizard(platform):
        raise BadInput(f"{platform.title} has no wizard: ipsim boot {platform.name} starts it")
    from firmware.bench import start
    from firmware.bench.live.serve import Listener, bring_up
    from firmware.bench.live.syslog import network_with
    from firmware.bench.orders import Order, open_unit
    from firmware.bench.timeline import Timeline
    from firmware.bench.world import World

    timeline, clock = Timeline(style()), asked.pop("clock")
    order = Order(platform, **asked)
    with Listener(host, port, speed, told) as listener, network_with(receiver) as network:
        directory, unit, is_new = open_unit(
            order, state, lambda: start.new(order, clock), lambda event: say("\n".join(timeline.lines(event)))
        )
        unit.surroundings = network
        with directory:
            if not is_new:
                start.let_time_pass(unit, clock, directory.gone_by(), state)
            world = World(unit.clock.now)
            world.add(unit)
            if not bring_up(world, unit):
                reached = unit.state
                start.end(world, unit, pull_plug=False)
                directory.save(unit)
                raise Unmet(f"{state}: the unit stayed in {reached}; ipsim fsck --state {state} says what is wrong")
            listener.run(directory, world, unit)


COMMANDS = {"serve": serve}
