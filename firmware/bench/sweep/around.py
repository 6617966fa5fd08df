"""What the peers around a unit know: a System Manager's book, what a cloud has supplied.

A cut between the two ends of an exchange leaves them as they were then, so a state is told apart by them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

from firmware.appliance import Appliance
from firmware.bench.hosting import network_of
from firmware.device.power import Operation
from firmware.peers.network import Network, Peers


def apart(surroundings: object) -> Network:
    """The same network, whose peers from here on live a life of their own; what they were sent is nothing to a unit."""
    assert isinstance(surroundings, Network)
    return replace(surroundings, peers=known(surroundings.peers))


def known(peers: Peers) -> Peers:
    """What the peers know now."""
    return Peers(deepcopy(peers.managers), deepcopy(peers.cloud))


def matter(network: Network) -> bool:
    """Whether there are peers that a unit's start can depend on."""
    return bool(network.managers) or network.has_cloud


class Trace(list[Operation]):
    """A log of flash operations. ``changes`` say what the peers knew from which position on, where that matters."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[int, Peers]] = []

    def look(self) -> None:
        """Note what the peers know, when it is something new."""


class _Watching(Trace):
    """The same beside peers that a unit's start can depend on: they may have learned something before an operation."""

    def __init__(self, peers: Peers) -> None:
        super().__init__()
        self._peers = peers
        self.changes = [(0, known(peers))]

    def append(self, operation: Operation) -> None:
        self.look()
        super().append(operation)

    def extend(self, operations: Iterable[Operation]) -> None:
        self.look()
        super().extend(operations)

    def look(self) -> None:
        before = self.changes[-1][1]
        if (self._peers.managers, self._peers.cloud) != (before.managers, before.cloud):
            self.changes.append((len(self), known(self._peers)))


def trace_of(unit: Appliance) -> Trace:
    """An empty log for a unit."""
    network = network_of(unit)
    return _Watching(network.peers) if matter(network) else Trace()
