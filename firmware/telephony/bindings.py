"""The location service: which contacts an extension is reached at, for how long and over which flow (RFC 3261, 10).

1. A binding is reached over the flow it was registered on, whatever host its contact names: behind a NAT or over
   TLS there is no other way (RFC 5626, 5.3).
2. So it ends with its connection: the phone registers again over a new one.
3. Two contacts are one binding when their URIs are equivalent (19.1.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmware.telephony.flows import Flow
from firmware.telephony.timers import Timers
from firmware.telephony.uris import Uri


class Binding(NamedTuple):
    """``contact`` is the URI as it was registered; ``q`` in thousandths; ``expires`` in ms of the caller's clock."""

    extension: str
    contact: str
    uri: Uri
    flow: Flow
    call_id: str
    cseq: int
    q: int
    expires: int
    user_agent: str

    def seconds_left(self, now: int) -> int:
        return max(0, -((now - self.expires) // 1000))


@dataclass(frozen=True, slots=True)
class Registration:
    """A binding as the outside sees it."""

    extension: str
    contact: str
    flow: int
    expires: int
    user_agent: str


class Bindings:
    """All bindings, by extension and by flow; expiry is a timer of the extension."""

    __slots__ = ("_by_extension", "_by_flow", "_timers")

    def __init__(self, timers: Timers) -> None:
        self._by_extension: dict[str, tuple[Binding, ...]] = {}
        self._by_flow: dict[tuple[object, ...], set[str]] = {}
        self._timers = timers

    def of(self, extension: str, now: int) -> tuple[Binding, ...]:
        """The live bindings of an extension, in the order in which they came."""
        return tuple([binding for binding in self._by_extension.get(extension, ()) if binding.expires > now])

    def __iter__(self) -> Iterator[Binding]:
        return (binding for bindings in self._by_extension.values() for binding in bindings)

    def extensions(self) -> list[str]:
        return list(self._by_extension)

    def on_flow(self, flow: Flow) -> list[str]:
        return sorted(self._by_flow.get(flow.key, ()))

    def replace(self, extension: str, bindings: tuple[Binding, ...]) -> None:
        """From now on these are the bindings of the extension: all or nothing (10.3, step 7)."""
        before = self._by_extension.get(extension, ())
        if [binding.flow for binding in before] != [binding.flow for binding in bindings]:
            self._reflow(extension, before, bindings)
        if bindings:
            self._by_extension[extension] = bindings
            self._timers.set(("binding", extension), min(binding.expires for binding in bindings))
        else:
            self._by_extension.pop(extension, None)
            self._timers.clear(("binding", extension))

    def _reflow(self, extension: str, before: tuple[Binding, ...], after: tuple[Binding, ...]) -> None:
        old, new = {binding.flow.key for binding in before}, {binding.flow.key for binding in after}
        for key in old - new:
            self._by_flow[key].discard(extension)
            if not self._by_flow[key]:
                del self._by_flow[key]
        for key in new - old:
            self._by_flow.setdefault(key, set()).add(extension)

    def expire(self, extension: str, now: int) -> tuple[Binding, ...]:
        """Drop and return the bindings of the extension whose time is over."""
        before = self._by_extension.get(extension, ())
        over = tuple(binding for binding in before if binding.expires <= now)
        self.replace(extension, tuple(binding for binding in before if binding.expires > now))
        return over
