"""A search by many processes, on this machine or in a cluster, finds what one process finds, in the same order."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import active_children
from typing import Any

import pytest

from firmware.bench.sweep import executors
from firmware.bench.sweep.executors import WorkerLost, crew, processes
from firmware.bench.sweep.plan import Plan
from firmware.bench.sweep.search import Limits, Result, State, search
from firmware.errors import BadInput
from tests.sweep.searches import FIRST_START, POWER_ON, POWER_ON_ROT, POWER_ON_TORN, alone, essence
from tests.zoo.animal import Animal
from tests.zoo.table import ANIMALS

ALL = Limits(None)
dask: Any = import_module("distributed")  # which is half typed
BY_NAME = {animal.name: animal for animal in ANIMALS}


def by_crew(plan: Plan, limits: Limits, *, jobs: int = 1, cluster: str | None = None) -> Result:
    job = plan.job()
    with crew(plan, job, jobs=jobs, cluster=cluster) as workers:
        return search(job, limits, crew=workers)


def test_one_job_is_this_process() -> None:
    with crew(POWER_ON, POWER_ON.job()) as workers:
        assert workers is None


@pytest.mark.parametrize("jobs", [2, 3])
@pytest.mark.parametrize("plan", [POWER_ON, POWER_ON_ROT, FIRST_START], ids=["cut", "rot", "merged"])
def test_processes_find_the_same(plan: Plan, jobs: int) -> None:
    assert essence(by_crew(plan, ALL, jobs=jobs)) == essence(alone(plan, ALL))
    assert not active_children()


@pytest.mark.parametrize(
    "limits", [Limits(2), Limits(None, states=0), Limits(None, states=100), Limits(None, states=190)]
)
def test_processes_end_where_one_does(limits: Limits) -> None:
    assert essence(by_crew(POWER_ON, limits, jobs=2)) == essence(alone(POWER_ON, limits))


@pytest.mark.parametrize("name", ["identity made twice", "second reboot"])
def test_processes_have_the_same_findings(name: str) -> None:
    """The bug is there before they are forked. A few findings end the search inside a level."""
    animal: Animal = BY_NAME[name]
    with animal.let_in():
        plan = animal.plan(merged=False)
        for most in (1, 3, 1000):
            limits = Limits(animal.depth, findings=most)
            expected = search(plan.job(), limits)
            assert expected.findings
            assert essence(by_crew(plan, limits, jobs=2)) == essence(expected)


def test_a_crew_serves_a_search_that_goes_on() -> None:
    """What was found but not taken, because a finding ended the search inside a chunk, is found again."""
    animal = BY_NAME["identity made twice"]
    with animal.let_in():
        plan = animal.plan(merged=False)
        whole = search(plan.job(), Limits(2, findings=1000))
        job, state = plan.job(), State()
        with processes(plan, job, 2) as workers:
            for most in (1, 2, 7, 1000):
                result = search(job, Limits(2, findings=most), state=state, crew=workers)
        assert essence(result) == essence(whole)


def test_a_worker_that_is_killed_is_an_error_and_no_hang() -> None:
    killed: list[int] = []

    def tell(_: Result) -> None:
        if not killed:
            killed.append(active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    job = POWER_ON_TORN.job()
    started = time.monotonic()
    with processes(POWER_ON_TORN, job, 2) as workers, pytest.raises(WorkerLost, match="--jobs 1") as caught:
        search(job, ALL, tell, crew=workers)
    assert caught.value.exit_code == 3
    assert killed
    assert not active_children()
    assert time.monotonic() - started < 30


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on the loopback, with the product as it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with dask.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as local:
            yield local


@pytest.mark.parametrize("plan", [POWER_ON, POWER_ON_ROT, FIRST_START], ids=["cut", "rot", "merged"])
def test_a_cluster_finds_the_same(cluster: Any, plan: Plan) -> None:
    assert essence(by_crew(plan, ALL, cluster=cluster.scheduler_address)) == essence(alone(plan, ALL))


def test_a_cluster_ends_where_one_process_does(cluster: Any) -> None:
    limits = Limits(None, states=100)
    assert essence(by_crew(POWER_ON, limits, cluster=cluster.scheduler_address)) == essence(alone(POWER_ON, limits))


def test_a_cluster_goes_on_without_a_worker(cluster: Any) -> None:
    """What the lost one was given is done by others."""
    with dask.Client(cluster.scheduler_address) as client:
        pids = list(client.run(os.getpid).values())

    def tell(_: Result) -> None:
        if pids:
            os.kill(pids.pop(), signal.SIGKILL)
            pids.clear()

    job = POWER_ON_TORN.job()
    with crew(POWER_ON_TORN, job, cluster=cluster.scheduler_address) as workers:
        result = search(job, ALL, tell, crew=workers)
    assert not pids
    assert essence(result) == essence(alone(POWER_ON_TORN, ALL))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "tcp://127.0.0.1:1", "nonsense://here", "tcp://127.0.0.1:port"])
def test_where_no_scheduler_answers_it_says_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "ANSWERS", 0.5)
    started = time.monotonic()
    with (
        pytest.raises(BadInput, match=f"^no Dask scheduler answers at {address}: .*$"),
        crew(POWER_ON, POWER_ON.job(), cluster=address),
    ):
        pass
    assert time.monotonic() - started < 10


def test_an_empty_address_is_none() -> None:
    with (
        pytest.raises(BadInput, match="give the address of a Dask scheduler"),
        crew(POWER_ON, POWER_ON.job(), cluster=""),
    ):
        pass


def test_a_cluster_whose_last_worker_goes_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    job = POWER_ON_TORN.job()
    with dask.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as local:
        address = local.scheduler_address
        with crew(POWER_ON_TORN, job, cluster=address) as workers:
            monkeypatch.setattr(executors, "ANSWERS", 0.5)
            with pytest.raises(WorkerLost):
                search(job, ALL, lambda _: local.scale(0), crew=workers)
        with pytest.raises(BadInput, match="has no worker"), crew(POWER_ON, POWER_ON.job(), cluster=address):
            pass
