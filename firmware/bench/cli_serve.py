"""The command that puts a unit behind listeners, for browsers and phones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware.bench.cli_options import NEW_UNIT, RECORD, STATE, Value, say, style
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.bench.live.serve import Wishes

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


class Lans(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """LANs by name, with commas: their indices."""

    name = "lan1,lan2"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        known = {"lan1": 0, "lan2": 1}
        names = value.split(",")
        if not set(names) <= known.keys():
            self.fail(f"{value!r}: lan1, lan2 or lan1,lan2", param, ctx)
        return tuple(sorted({known[name] for name in names}))


DIGESTS = {"MD5": ("MD5",), "SHA-256": ("SHA-256",), "both": ("SHA-256", "MD5")}  # RFC 8760
PORTS = (("sip-tls", 5061), ("sip", 5060), ("http", 8080), ("https", 8443))
PORT = click.IntRange(0, 65535)
PANEL = 7072
FILE = click.Path(path_type=Path, dir_okay=False)


def _ports(command: Any) -> Any:
    for name, default in reversed(PORTS):
        about = "Port on each LAN; 0: any that is free."
        names = (f"--{name}", "sip_tls_port") if name == "sip-tls" else (f"--{name}",)
        command = click.option(*names, default=default, show_default=True, type=PORT, help=about)(command)
    return command


def _wishes(hosts: tuple[str, str], web: tuple[str, int], asked: dict[str, Any]) -> Wishes:
    """What is asked of the listeners, taken out of all that is asked."""
    from firmware.bench.live.serve import Wishes

    ports = {name: asked.pop(name.replace("-", "_")) for name, _ in PORTS if name != "sip-tls"}
    by_service = {"sip-tls": asked.pop("sip_tls_port"), "sip-tcp": ports["sip"], "sip-udp": ports["sip"],
                  "http": ports["http"], "https": ports["https"]}  # fmt: skip
    rest = {name: asked.pop(name) for name in ("speed", "told", "key_log", "log", "more_users", "newest_tls", "panel")}
    return Wishes(hosts, by_service, web, **rest, algorithms=DIGESTS[asked.pop("digest")])


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
@STATE
@NEW_UNIT
@click.option("--lan1", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where LAN1 is met.")
@click.option("--lan2", default="127.0.0.2", show_default=True, metavar="ADDRESS", help="Where LAN2 is met.")
@_ports
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address of a Linux server's "
              "pages.")  # fmt: skip
@click.option("--port", default=7071, show_default=True, type=PORT, help="Port of them; 0: any that is free.")
@click.option("--enable-sip-tls", "sip_tls", type=Lans(), help="Enable SIP over TLS there, with the reboot "
              "that this needs; without it the port is closed until somebody has.")  # fmt: skip
@click.option("--client-certificates", type=click.Choice(["off", "asked", "required"]), help="What SIP over TLS asks "
              "of its clients; left out: as it is set.")  # fmt: skip
@click.option("--extensions", "more_users", default=0, type=click.IntRange(0, 10_000), help="So many more, from "
              "10000 on, with the password of the others: for load tests.")  # fmt: skip
@click.option("--digest", default="MD5", show_default=True, type=click.Choice([*DIGESTS]), help="Of SIP log-ins. "
              "MD5 (assumed) is what all phones know; several at once stop some (baresip, sipsak).")  # fmt: skip
@click.option("--newest-tls", default="1.3", show_default=True, type=click.Choice(["1.2", "1.3"]), help="1.2 for "
              "clients that trip over the tickets of 1.3 (sipsak).")  # fmt: skip
@click.option("--speed", default="1", show_default=True, type=Speed(), help="How fast simulated time goes by. "
              "max: activities take no time and nothing else makes time pass (a blocked log-in stays so).")  # fmt: skip
@click.option("--syslog", "receiver", type=Receiver(), help="Send there (UDP) what the unit sends to its syslog "
              "destinations, whatever their addresses; left out: nowhere.")  # fmt: skip
@click.option("--panel", is_flag=False, flag_value=PANEL, type=PORT, metavar="[PORT]", help=f"Show its front panel at "
              f"this port, {PANEL} if none is given, to this machine only; the unit waits there for its "
              "plug.")  # fmt: skip
@click.option("--json", "told", type=FILE, help="Write listeners, names and users there as soon as it listens.")
@click.option("--keylog", "key_log", type=FILE, help="Write TLS secrets there, for a network analyser.")
@click.option("--log", type=FILE, help="Write TLS handshakes and SIP messages there, without secrets.")
@RECORD
def serve(
    platform: Any, state: Path, lan1: str, lan2: str, sip_tls: tuple[int, ...] | None, client_certificates: str | None,
    host: str, port: int, receiver: tuple[str, int] | None, record: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Start a unit and serve it on the loopback: SIP, phone files, a Linux server's wizard or platform page.

    A port is open while the unit offers the service. Ctrl-C shuts the unit down as planned; killed, it has lost its
    power. SIGUSR1 defaults its security settings: from the next handshake on there is another identity.

    \b
    Example: ipsim serve ip500v2 --state state/ip500v2 --enable-sip-tls lan1,lan2 --json ports.json
    """
    from firmware.bench import start
    from firmware.bench.live.serve import Listener, bring_up, set_telephony
    from firmware.bench.live.syslog import network_with
    from firmware.bench.orders import Order, open_unit
    from firmware.bench.recording.tape import recorded
    from firmware.bench.timeline import Timeline
    from ignition.wizard import has_wizard

    wishes = _wishes((lan1, lan2), (host, port), asked)
    timeline, clock = Timeline(style()), asked.pop("clock")
    order = Order(platform, **asked)
    has_pages = has_wizard(platform)
    with Listener(wishes, has_pages=has_pages) as listener, network_with(receiver) as network:
        directory, unit, is_new = open_unit(
            order, state, lambda: start.new(order, clock), lambda event: say("\n".join(timeline.lines(event)))
        )
        unit.surroundings = network
        with directory:
            if not is_new:
                start.let_time_pass(unit, clock, directory.gone_by(), state)
            with recorded(record, unit, state, is_new=is_new) as world:
                # The front panel is where its plug is; what is to be set first needs a unit that is up.
                comes_up = wishes.panel is None or sip_tls or client_certificates
                if comes_up and not bring_up(world, unit):
                    reached = unit.state
                    start.end(world, unit, pull_plug=False)
                    directory.save(unit)
                    raise Unmet(f"{state}: the unit stayed in {reached}; ipsim fsck --state {state} says what is wrong")
                if sip_tls or client_certificates:
                    if unit.state != start.RUNNING:
                        raise BadInput(f"{state}: SIP over TLS cannot be set before this server is ignited")
                    set_telephony(world, unit, sip_tls or (), client_certificates)
                listener.run(directory, world, unit)


COMMANDS = {"serve": serve}
