"""The journal as a timeline that a person likes to read: one sentence an event, states as headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.journal import Event
from firmware.times import show_time

Style = Callable[[str, str], str]

# kind -> the sentence; every kind that the firmware or the bench writes has a row (a test sees to it).
SENTENCES: dict[str, str] = {
    "power.on": "power on, {holding} held",
    "power.cut": "POWER CUT: {why}",
    "led": "{led} LED {shows}: {why}",
    "power.off": "power off: {why}",
    "power.reset": "RESET: {why}",
    "modules.awaited": "waiting for {modules} to shut down",
    "modules.overdue": "{modules} did not shut down within {limit}: the host goes on",
    "button": "{button} button held {band}: {action} (CPU LED {cpu})",
    "alarm": "ALARM {what}: {why}",
    "firmware.rejected": "no firmware from {place}: {why}",
    "firmware.chosen": "firmware {release} from {place}",
    "firmware.copied": "firmware {release} copied to {to}",
    "firmware.restored": "firmware {release} restored to {to}",
    "firmware.upgraded": "upgraded from {was} to {release}; the old binary is in backup",
    "firmware.erased": "firmware erased from {places}",
    "bootp.unanswered": "Manager: {text}",
    "level.fixed": "original software level fixed for good: {release}",
    "record.mended": "second copy of the record {record} put right",
    "configuration.chosen": "configuration from {chosen}; the file beside the firmware is {stored}",
    "configuration.saved": "configuration saved ({why}): {to}",
    "configuration.changed": "extension {extension} renamed to {name!r} at the {at}: in RAM only",
    "configuration.defaulted": "configuration defaulted",
    "network.address": "{lan} {address} ({how})",
    "security.loaded": "security settings {held}, generation {generation}",
    "security.defaulted": "security settings defaulted via {via}",
    "security.refused": "security default via {via} refused: {why}",
    "service.level": "service {service}: {level}",
    "certificate.due": "certificate due: {why} [{basis}]",
    "certificate.not_needed": "no certificate: {why} [{basis}]",
    "certificate.kept": "certificate kept\n  SHA-256 {sha256}",
    "certificate.generating": "generating identity {generation}: clock {clock}, {days} days [{basis}]",
    "certificate.resumed": "identity {generation} was cut short; it is resumed",
    "certificate.generated": (
        "certificate generated (identity {generation})\n  subject {subject}\n  valid   {not_before} to {not_after}\n"
        "  names   {names}\n  {key}, serial {serial}\n  SHA-256 {sha256}"
    ),
    "certificate.withdrawn": "identity {generation} was announced and never made; its announcement is withdrawn",
    "certificate.deleted": "certificate deleted; next: {next} [{basis}]",
    "certificate.expiring": "the {which} certificate expires on {not_after}, days left: {days}",
    "certificate.expired": "the {which} certificate expired on {not_after}",
    "certificate.mismatch": "the {which} certificate {objections}",
    "certificate.orphaned": "the {which} certificate is orphaned: {why}",
    "alarms.directed": "events go to syslog at {syslog} ({format})",
    "syslog.sent": "to syslog at {to}: {message}",
    "login.certificates": "{user} is told: {certificates}",
    "certificate.unfit": "a client that validates would object: {objections}",
    "network.joined": "Initial Configuration Utility: {system_name} belongs to the Primary {primary}",
    "network.host_name": "host name {host} (was {was})",
    "authority.issued": "the CA has issued number {number} for another machine: {subject}\n  names   {names}",
    "certificate.installed": "certificate installed for {service}: {how}\n  SHA-256 {sha256}",
    "certificate.declined": "certificate from outside not taken: {why} [{basis}]",
    "certificate.shared": "telephony presents the identity of management again",
    "trust.changed": "trusted certificate store: {how} {subject}\n  SHA-256 {sha256}",
    "security.changed": "security settings: {what} {to}",
    "request.made": "certificate signing request made for {subject}: {names}",
    "enrolment.begun": "enrolment with {name} for {names}",
    "enrolment.pending": "enrolment with {name} pending: {why}",
    "enrolment.refused": "enrolment refused by {name}: {why}",
    "membership.ended": "no longer managed by {name}",
    "network.sip": "SIP registrar: domain {domain}, FQDN {fqdn}",
    "sip.registered": "SIP: {extension} registered, {contact}",
    "sip.refreshed": "SIP: {extension} refreshed, {contact}",
    "sip.unregistered": "SIP: {extension} no longer registered: {detail}",
    "sip.expired": "SIP: the registration of {extension} expired",
    "sip.refused": "SIP: refused {extension}: {detail}",
    "sip.call_ringing": "SIP: {extension} rings: {detail}",
    "sip.call_answered": "SIP: {extension} answered: {detail}",
    "sip.call_ended": "SIP: call of {extension} ended: {detail}",
    "sip.tls": "SIP over TLS: LAN1 {lan1}, LAN2 {lan2}, {when}",
    "sip.client_certificates": "client certificates of SIP over TLS: {setting}",
    "peer.accepted": "{peer} accepted as a peer of {service}",
    "peer.refused": "{peer} refused as a peer of {service}: {objections}",
    "authority.announced": "root CA {number} announced for the host {host}: clock {clock}",
    "authority.kept": (
        "root CA {origin} [{basis}]\n  subject {subject}\n  valid   {not_before} to {not_after}\n"
        "  {key}, serial {serial}\n  SHA-256 {sha256}"
    ),
    "system.found": "software of release {release} on the disk",
    "system.missing": "no software to start: {why}",
    "system.installing": "installing release {release}",
    "system.installed": "release {release} installed",
    "login.accepted": "{user} logged in",
    "login.refused": "log-in of {user} refused, failure {failures}",
    "login.blocked": "log-in of {user} blocked for another {left}",
    "ignition.waiting": "waiting for ignition: log in as {users}",
    "ignition.saved": "page {page} saved: {values}",
    "ignition.refused": "page {page} refused: {errors}",
    "ignition.planned": "to become a {role} named {host}, at {lans}; clock {clock}",
    "ignition.resumed": "ignition was cut short; it is resumed",
    "ignition.task": "done: {about}",
    "ignition.formatted": "the disk in {slot} formatted, mounted at {mounted}",
    "ignition.done": "ignition done: this is a {role}",
    "ignition.utility_due": "next: the Initial Configuration Utility for this {role}",
    "clock.set": "clock set to {to} by {by} (was {was})",
    "clock.lost": "clock not set any more: {why}",
    "nightly.skipped": "nightly copy skipped: {why}",
    "reboot.ordered": "reboot ordered: {why} {at}",
    "shutdown.ordered": "shutdown ordered, {how}: {why}",
    "card.inserted": "card inserted into {slot}: {card}",
    "card.removed": "card removed from {slot}, shelved as {card}",
    "card.failed": "the card in {slot} fails",
    "card.formatted": "card in {slot} formatted by {on}",
    "file.put": "file put on {slot}: {path}, {bytes} bytes",
    "file.removed": "file removed from {slot}: {path}",
    "damaged": "flash damaged: {everything}",
    "nvm.transplanted": "internal memory replaced by that of {donor}",
    "phone.connected": (
        "{phone} ({endpoint}) connected to {service} at {by}, {transport}: {protocol}; it has checked {checked}"
    ),
    "phone.refused": "{phone} ({endpoint}) refused {service} at {by}, {transport}: {objections}; alert: {alert}",
    "phone.registered": "{phone} registered extension {extension} at {by}, {transport}",
    "phone.not_registered": "{phone} did not register extension {extension} at {by}, {transport}: {status} {why}",
    "phone.settings": "{phone} loaded its settings; roots for its next reboot: {roots}",
    "phone.root": "{phone}: root {subject} {taken}\n  SHA-1 {sha1}",
    "phone.cleared": "{phone} cleared: {roots} roots forgotten",
    "phone.rebooted": "{phone} rebooted; from now on it checks {checks} [{basis}]",
    "environment": "the network now answers: {answers}",
}
LEDS = (("cpu", "CPU"), ("sd", "SD"), ("base", "base"), ("upper", "upper LED"), ("lower", "lower LED"))
LOUD = {
    "power.cut": "red",
    "power.reset": "red",
    "alarm": "red",
    "login.blocked": "red",
    "ignition.refused": "yellow",
    "certificate.unfit": "yellow",
    "certificate.expiring": "yellow",
    "certificate.expired": "red",
    "certificate.mismatch": "yellow",
    "certificate.orphaned": "yellow",
    "phone.refused": "yellow",
    "login.certificates": "yellow",
    "modules.overdue": "yellow",
    "certificate.generated": "green",
    "authority.kept": "green",
    "ignition.done": "green",
}


def plain(text: str, _colour: str) -> str:
    return text


class Timeline:
    """Turns events into lines; keeps what the reader already knows (the day, the unit) from being repeated."""

    def __init__(self, style: Style = plain, *, name_units: bool = False) -> None:
        self._style = style
        self._name_units = name_units
        self._day = ""
        self._lights: dict[tuple[str, str], str] = {}

    def _changed(self, event: Event, key: str) -> bool:
        before = self._lights.get((event.source, key), "off")
        self._lights[event.source, key] = event.data[key]
        return bool(before != event.data[key])

    def lines(self, event: Event) -> list[str]:
        day, _, clock = show_time(event.time).rstrip("Z").partition("T")
        lines = []
        if day != self._day:
            self._day = day
            lines.append(self._style(day, "bold"))
        unit = f"{event.source:<10} " if self._name_units else ""
        if event.kind == "state":
            head = f"{clock:<12} {unit}{event.data['state']:<24}"
            lights = "; ".join(
                f"{led} {event.data[key]}" for key, led in LEDS if key in event.data and self._changed(event, key)
            )
            shown = self._style(f"[{lights}]", "dim") if lights else ""
            return [*lines, f"{self._style(head, 'bold')} {event.data['about']} {shown}".rstrip()]
        first, *rest = sentence(event).split("\n")
        margin = " " * 13 + " " * len(unit)
        colour = LOUD.get(event.kind, "")
        lines.append(self._style(f"{clock:<12} {unit}  · {first}", colour))
        return lines + [self._style(f"{margin}  {line}", colour) for line in rest]


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.items()) if key == "everything" else ""


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return "; ".join(f"{key} {text}" for key, text in value.items()) or "nothing"
    return ", ".join(map(str, value)) or "unchanged" if isinstance(value, list) else value


def sentence(event: Event) -> str:
    data = {key: _shown(value) for key, value in event.data.items()}
    return SENTENCES.get(event.kind, event.kind + " {everything}").format_map(_Fields(data)).rstrip()
