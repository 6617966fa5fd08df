"""A Primary and the nodes that belong to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from firmware.bench import values
from firmware.bench.pytest_plugin.unit import Unit
from firmware.errors import BadInput

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.bench import Bench

PRIMARY, SECONDARY, BRANCH = "primary", "secondary", "branch"
NODES = {PRIMARY: "primary", SECONDARY: "secondary", BRANCH: "ip500v2_expansion"}
_HERE = "fixture network"
_SECRET = "Carried-1"  # noqa: S105  # of a file that goes over a desk, and is gone with the test


class Network:
    """``primary``, ``secondary`` and ``branch`` are units on one clock; ``network["branch"]`` works too."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.primary, self.secondary, self.branch = (Unit(bench, name) for name in NODES)
        self._units = {unit.name: unit for unit in (self.primary, self.secondary, self.branch)}

    def bring_up(self) -> None:
        """Ignite the servers, start the branch and let it join."""
        for name in (PRIMARY, SECONDARY):
            self._do(name, "ignite", network={"host_name": f"{name}1"})
        self._do(BRANCH, "power_on")
        self._do(BRANCH, "initial_configuration", primary="192.168.42.1")
        for unit in self:
            unit.begin()

    def issue_certificates(self) -> Network:
        """The Primary's CA issues an identity for each node, and it is carried there."""
        for unit in (self.secondary, self.branch):
            names = [
                f"{unit.name}1",
                *(lan["address"].partition("/")[0] for lan in unit.summary["configuration"]["lans"]),
            ]
            file = f"{unit.name}.p12"
            told = {"to": file, "password": _SECRET, "subject": names[0], "names": names}
            self._do(PRIMARY, "issue_certificate", **told)
            self._do(unit.name, "set_identity", file=file, password=_SECRET)
        return self

    def _do(self, unit: str, step: str, **fields: Any) -> None:
        self.bench.do(unit, step, None, fields, where=_HERE)

    def __getitem__(self, name: str) -> Unit:
        try:
            return self._units[values.one_of(name, tuple(self._units), "unit")]
        except ValueError as error:
            raise BadInput(str(error)) from None

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units.values())

    def __repr__(self) -> str:
        return f"<network of {', '.join(map(repr, self))}>"
