"""The fixtures' units: made, handed to the test, and looked at once more after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from firmware.bench.pytest_plugin import FAILED, RAN, asked
from firmware.bench.pytest_plugin.asked import Asked
from firmware.bench.pytest_plugin.bench import Bench
from firmware.bench.pytest_plugin.networks import NODES, Network
from firmware.bench.pytest_plugin.phones import Phone
from firmware.bench.pytest_plugin.unit import Unit
from firmware.bench.scenario import ONLY_UNIT
from firmware.errors import BadInput, Unmet

_OF_NETWORK = ("release", "seed", "clock", "environment")


@contextmanager
def said_plainly() -> Iterator[None]:
    """What is wrong with a marker or an option is told without the way through the plugin."""
    try:
        yield
    except (BadInput, Unmet) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def appliance(request: pytest.FixtureRequest) -> Iterator[Unit]:
    with said_plainly():
        bench = _bench(request, wanted := _asked(request), {"unit": wanted.unit})
    yield Unit(bench, ONLY_UNIT)
    _finish(request, bench)


def ignited(request: pytest.FixtureRequest) -> Iterator[Unit]:
    with said_plainly():
        bench = _bench(request, wanted := _asked(request, wizard=True), {"unit": wanted.unit})
        bench.do(ONLY_UNIT, "ignite", None, wanted.answers, where=wanted.where)
    yield Unit(bench, ONLY_UNIT)
    _finish(request, bench)


def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    with said_plainly():
        wanted = _asked(request)
        marker = request.node.get_closest_marker("platform")
        if marker and (marker.args or not marker.kwargs.keys() <= {*_OF_NETWORK}):
            raise BadInput(f"@pytest.mark.platform: of a network only {', '.join(_OF_NETWORK)} can be chosen")
        of_all = {key: value for key, value in wanted.unit.items() if key in _OF_NETWORK}
        units = {name: {"platform": kind, **of_all} for name, kind in NODES.items()}
        made = Network(bench := _bench(request, wanted, {"units": units}))
        made.bring_up()
    yield made
    _finish(request, bench)


def phone(request: pytest.FixtureRequest) -> Phone:
    with said_plainly():
        return Phone(asked.endpoint(request.node))


def _asked(request: pytest.FixtureRequest, *, wizard: bool = False) -> Asked:
    return asked.of(request.node, getattr(request, "param", None), wizard=wizard)


def _bench(request: pytest.FixtureRequest, wanted: Asked, units: dict[str, Any]) -> Bench:
    bench = Bench({"name": request.node.nodeid, **wanted.head, **units}, wanted.where, request.node.path.parent)
    request.node.stash.setdefault(RAN, []).append(bench)
    return bench


def _finish(request: pytest.FixtureRequest, bench: Bench) -> None:
    """A fault that was ordered and never came is a failure, unless the test has failed already."""
    if not request.node.stash.get(FAILED, False):
        with said_plainly():
            bench.check_cuts()
