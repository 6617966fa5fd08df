"""What ``expect`` can demand of the messages that a unit has sent to syslog receivers."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.bench.world import World


def received(world: World, unit: Appliance) -> list[str]:
    """What has come from a unit to any receiver since the last ``expect`` of this unit. What nobody received is not
    in it: the unit's journal has all that it sent, the receivers what came."""
    since = world.look_back.get(unit.name, (None, 0))[1]
    came = {
        address: [message.decode().replace("\ufeff", "") for message in messages]
        for address, messages in world.peers.received.items()
    }
    sent = [event.data for event in unit.journal.events[since:]
            if (event.source, event.kind) == (unit.name, "syslog.sent")]  # fmt: skip
    return [data["message"] for data in sent if data["message"] in came.get(data["to"], ())]


def check_syslog(world: World, unit: Appliance, wanted: list[str]) -> list[str]:
    found = received(world, unit)
    if not wanted:
        return [f"syslog: expected nothing, received {found}"] if found else []
    return [f"syslog: nothing says {text!r}; received {found}" for text in wanted
            if not any(text in message for message in found)]  # fmt: skip
