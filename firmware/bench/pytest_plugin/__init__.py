"""The pytest plugin: fixtures ``appliance``, ``ignited``, ``network``, ``phone``, and ``*.ipsim.yaml`` as tests.

Each pytest of an environment that has ipsim in it loads this module, so nothing of the simulator is imported before a
test asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.bench import Ran
    from firmware.bench.pytest_plugin.networks import Network as Network
    from firmware.bench.pytest_plugin.phones import Phone as Phone
    from firmware.bench.pytest_plugin.unit import Unit as Unit

RAN: pytest.StashKey[list[Ran]] = pytest.StashKey()
FAILED = pytest.StashKey[bool]()
EVERY = "all"
_TYPES = {"Unit": "unit", "Network": "networks", "Phone": "phones"}  # of the fixtures; no module has a fixture's name

_MARKERS = (
    "platform(name, ..., release=, seed=, mac=, clock=, environment=, answers=): which unit the fixtures of ipsim "
    "make; of several names, one test each",
    "endpoint(name): which kind of phone the fixture phone is",
)


def platforms(*, wizard: bool | None = None, release: str | None = None) -> tuple[str, ...]:
    """The names of all platforms; with ``wizard`` those that go through an ignition, or those that do not; with
    ``release`` those that it exists for."""
    from firmware.bench.pytest_plugin import asked

    return asked.names(wizard=wizard, release=release)


def __getattr__(name: str) -> Any:
    """The types of the fixtures, for annotations."""
    if name not in _TYPES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_TYPES[name]}"), name)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ipsim", "units of tests whose marker leaves it open")
    group.addoption("--ipsim-platform", metavar="NAME", help=f"ip500v2 where left out; {EVERY}: a test each")
    group.addoption("--ipsim-release", metavar="R", help="firmware release")
    group.addoption("--ipsim-seed", metavar="N", help="all the chance of a unit")
    group.addoption("--ipsim-keep", metavar="DIR", type=Path, help="where the units of failed tests are kept")


def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not file_path.name.endswith(".ipsim.yaml"):
        return None
    from firmware.bench.pytest_plugin.items import ScenarioFile

    file: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Several platforms are a test each."""
    of_unit = [name for name in ("appliance", "ignited") if name in metafunc.fixturenames]
    marker = metafunc.definition.get_closest_marker("platform")
    if not of_unit or not (marker or metafunc.config.getoption("--ipsim-platform") == EVERY):
        return
    from firmware.bench.pytest_plugin import asked, making

    with making.said_plainly():
        found = asked.several(metafunc.definition, wizard="ignited" in of_unit)
    if found and not _is_parametrised(metafunc, of_unit[0]):
        metafunc.parametrize(of_unit[0], found, indirect=True)


def _is_parametrised(metafunc: pytest.Metafunc, fixture: str) -> bool:
    return any(fixture in str(marker.args[:1]) for marker in metafunc.definition.iter_markers("parametrize"))


@pytest.fixture
def appliance(request: pytest.FixtureRequest) -> Iterator[Unit]:
    """A new unit, off, in memory: ``@pytest.mark.platform("ip500v2", release="12.0")`` says which."""
    from firmware.bench.pytest_plugin import making

    yield from making.appliance(request)


@pytest.fixture
def ignited(request: pytest.FixtureRequest) -> Iterator[Unit]:
    """A Linux server after its ignition: a Primary, unless the marker ``platform`` says otherwise."""
    from firmware.bench.pytest_plugin import making

    yield from making.ignited(request)


@pytest.fixture
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    """A Primary with a Secondary and an expansion, joined, on one clock; their certificates are still their own."""
    from firmware.bench.pytest_plugin import making

    yield from making.network(request)


@pytest.fixture
def phone(request: pytest.FixtureRequest) -> Phone:
    """A J100 phone, or what ``@pytest.mark.endpoint("e129")`` says; it connects to any unit of the test."""
    from firmware.bench.pytest_plugin import making

    return making.phone(request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What an assertion on a unit compared is told in full."""
    try:
        return (yield)
    except AssertionError as error:
        for ran in item.stash.get(RAN, []):
            ran.tell(error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    ran = item.stash.get(RAN, [])
    if ran and (report.failed or report.when == "teardown"):
        from firmware.bench.pytest_plugin import keeping

        if report.failed:
            item.stash[FAILED] = True
            report.sections += keeping.sections(item, ran)
        elif not item.stash.get(FAILED, False):
            keeping.forget(item)
    return report


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    for value, other in ((right, left), (left, right)):
        if type(value).__module__.startswith(__name__) and (compared := getattr(value, "compared", None)):
            told: list[str] | None = compared(op, other)
            return told
    return None
