"""Where the events of certificates go to: at most 2 syslog receivers. (M, EV)

SNMP (2 destinations) and e-mail (3, the last 10 queued) are documented too [M, EV] and not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.basis import documented
from firmware.boot import running
from firmware.configuration import SYSLOG_FORMATS
from firmware.credentials.syslog import FORMATS, Message, Severity
from firmware.errors import BadInput
from firmware.security.certificates import is_address

MOST = documented(2, "M, EV")


def set_alarms(unit: Appliance, syslog: tuple[str, ...] = (), format: str = SYSLOG_FORMATS[0]) -> None:
    """Send events to these addresses from now on; to none: nowhere. Part of the configuration, and saved with it."""
    running.require(unit, "its alarm destinations cannot be set")
    syslog = tuple(dict.fromkeys(syslog))
    if len(syslog) > MOST.value:
        raise BadInput(f"{len(syslog)} syslog destinations: there can be {MOST.value}")
    if wrong := [text for text in syslog if not is_address(text)]:
        raise BadInput(f"syslog destination {wrong[0]!r} is no address")
    if format not in SYSLOG_FORMATS:
        raise BadInput(f"syslog format {format!r}: {', '.join(SYSLOG_FORMATS)} are offered")
    assert unit.ram.configuration is not None
    unit.ram.configuration = replace(unit.ram.configuration, syslog=syslog, syslog_format=format)
    unit.platform.save_configuration(unit, "alarm destinations")
    unit.note("alarms.directed", syslog=list(syslog), format=format)


def send(unit: Appliance, severity: Severity, kind: str, text: str, data: Mapping[str, str]) -> None:
    """Send an event to every destination; whether it arrives, the unit never knows."""
    configuration = unit.ram.configuration
    if configuration is None or not configuration.syslog:
        return
    host = unit.ram.host_name or configuration.lans[0].address  # RFC 3164, 4.1.2: a name, else an address
    message = FORMATS[configuration.syslog_format](Message(severity, unit.clock.read(), host, kind, text, data))
    for destination in configuration.syslog:
        unit.surroundings.syslog(destination, message)
        unit.note("syslog.sent", to=destination, message=message.decode().replace("\ufeff", ""))
