"""A live unit for each module of tests, and its logs beside what fails."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.interop.live import Live, living


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with living(tmp_path_factory.mktemp("live")) as unit:
        yield unit


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        fixtures = getattr(item, "funcargs", {}).values()
        report.sections += [("ipsim serve", unit.trouble()) for unit in fixtures if isinstance(unit, Live)]
    return report
