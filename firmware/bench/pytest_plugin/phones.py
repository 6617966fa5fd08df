"""A phone as tests have it: it does real handshakes, in memory, by its own clock and store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firmware.bench.pytest_plugin.verdict import Verdict
from firmware.bench.timeline import sentence

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.unit import Unit
    from firmware.journal import Event

_DONE, _REFUSED = ("phone.connected", "phone.registered"), ("phone.refused", "phone.not_registered")


class Contact(Verdict):
    """True when it worked; ``data`` is what the journal says of it: ``objections``, ``alert``, ``protocol``, …"""

    def __init__(self, unit: Unit, event: Event) -> None:
        said = sentence(event)
        super().__init__(unit.bench, event.kind in _DONE, said, [said, f"  presented by {unit!r}:", *_shown(unit)])
        self.data = dict(event.data)

    @property
    def objections(self) -> list[str]:
        """Why not; [] when it worked."""
        found = self.data.get("objections", self.data.get("why", ""))
        return list(found) if isinstance(found, list) else [found] if found else []


def _shown(unit: Unit) -> list[str]:
    found = unit.certificate
    return [f"  {line}" for line in found.lines()] if found else ["  no certificate"]


class Phone:
    """A phone of an endpoint (``firmware/peers/endpoints.py``): what it checks, and where its trust comes from."""

    def __init__(self, endpoint: str, name: str = "phone") -> None:
        self.endpoint = endpoint
        self.name = name

    def another(self, endpoint: str, name: str | None = None) -> Phone:
        """One more phone, of any endpoint."""
        return Phone(endpoint, name or endpoint)

    def connect(self, unit: Unit, *, service: str = "sip", lan: int = 1, by: str | None = None) -> Contact:
        """Connect to a unit over TLS: to its registrar, or to ``service="https"``."""
        __tracebackhide__ = True
        return self._meet(unit, "connect", service=service, lan=lan, by=by)

    def register(
        self, unit: Unit, extension: str | int | None = None, *, lan: int = 1, by: str | None = None
    ) -> Contact:
        """Connect to the registrar and register there; without an extension, with the one that the phone has."""
        __tracebackhide__ = True
        return self._meet(unit, "register", extension=extension, lan=lan, by=by)

    def set(self, unit: Unit, **fields: Any) -> Phone:
        """As the step ``phone``: ``clock="2030-01-01"``, ``clear=True``, ``extension=201``, ``install_root="ca.pem"``.
        What comes of it stands in the unit's journal."""
        __tracebackhide__ = True
        unit.do("phone", name=self.name, endpoint=self.endpoint, **fields)
        return self

    def reboot(self, unit: Unit) -> Phone:
        """From its next start on it checks by what it has loaded."""
        __tracebackhide__ = True
        return self.set(unit, reboot=True)

    def _meet(self, unit: Unit, step: str, **fields: Any) -> Contact:
        __tracebackhide__ = True
        before = len(unit.journal)
        unit.do(step, phone=self.name, endpoint=self.endpoint, **fields)
        happened = [event for event in list(unit.journal)[before:] if event.kind in (*_DONE, *_REFUSED)]
        return Contact(unit, happened[-1])

    def __repr__(self) -> str:
        return f"<phone {self.name}, {self.endpoint}>"
