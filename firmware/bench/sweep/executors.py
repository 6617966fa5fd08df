"""Who does a search's work besides this process: others on this machine, or a Dask cluster, behind one protocol."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from firmware.bench.sweep import chunks
from firmware.bench.sweep.chunks import Chunk, ChunkResult, Packing
from firmware.bench.sweep.job import Expansion, Job
from firmware.bench.sweep.nodes import Node
from firmware.bench.sweep.plan import Plan
from firmware.errors import BadInput, IpsimError

WORK = 0.06  # seconds of a processor's work in a chunk: above what its way costs, below what others may wait
FIRST = 8  # states in the first chunks, when nothing is known of how long one takes
AHEAD = 3  # chunks under way for each worker: none waits for the parent
PATIENCE = 0.2  # seconds after which a wait for a worker looks at what else there is
LOST = "a worker's process ended in the middle of its work; with --jobs 1 it is seen at which state"
ANSWERS = 5  # seconds in which a scheduler and a worker must answer


class WorkerLost(IpsimError):
    """A worker's process ended in the middle of its work."""


class Crew:
    """Workers for a search. ``gone`` says whether there is none any more that could ever end what was begun."""

    def __init__(
        self, executor: Executor, plan: Plan, job: Job, workers: int, *,
        lost: tuple[type[BaseException], ...] = (BrokenExecutor,), gone: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._executor, self._plan, self._workers = executor, plan, workers
        self._lost, self._gone = lost, gone
        self._packing = Packing(job)
        self._search, self._number = "", 0
        self._each = 0.0

    def begin(self) -> None:
        """Another search, or one that goes on: what workers have returned before may never have been taken."""
        self._search = uuid.uuid4().hex

    def expand(
        self, frontier: deque[Node], count: int, seen: set[int], *, deeper: bool, meanwhile: Callable[[], None]
    ) -> Iterator[Expansion]:
        """What comes of the frontier's first so many states; each is taken off before the next is asked for.

        Results come in the order of the states, whatever order they arrive in; new children are added to ``seen``.
        """
        waiting: deque[tuple[list[Node], Future[ChunkResult]]] = deque()
        under_way = 0
        while count or waiting:
            while count and len(waiting) < AHEAD * self._workers:
                nodes = list(islice(frontier, under_way, under_way + min(self._size(), count)))
                waiting.append((nodes, self._submit(nodes, deeper=deeper)))
                under_way += len(nodes)
                count -= len(nodes)
            nodes, future = waiting.popleft()
            result = self._result(future, meanwhile)
            under_way -= len(nodes)
            for node, found in zip(nodes, result.found, strict=True):
                yield self._packing.unpack_expansion(found, node, seen)

    def _size(self) -> int:
        """How many states the next chunk has."""
        return max(1, round(WORK / self._each)) if self._each else FIRST

    def _submit(self, nodes: list[Node], *, deeper: bool) -> Future[ChunkResult]:
        self._number += 1
        rows = [self._packing.pack(node) for node in nodes]
        chunk = Chunk(self._search, self._number, deeper, rows, chunks.sources())
        try:
            return self._executor.submit(chunks.work, self._plan, chunk)
        except self._lost as error:
            raise WorkerLost(LOST) from error

    def _result(self, future: Future[ChunkResult], meanwhile: Callable[[], None]) -> ChunkResult:
        while not wait((future,), PATIENCE).done:
            meanwhile()
            if self._gone():
                raise WorkerLost(LOST)
        try:
            result = future.result()
        except self._lost as error:
            raise WorkerLost(LOST) from error
        each = result.seconds / len(result.found)
        self._each = (self._each + each) / 2 if self._each else each
        return result


def crew(plan: Plan, job: Job, *, jobs: int = 1, cluster: str | None = None) -> AbstractContextManager[Crew | None]:
    """What ``--jobs`` and ``--cluster`` ask for; None: this process does the work itself."""
    if cluster is not None:
        return on_cluster(plan, job, cluster)
    return processes(plan, job, jobs) if jobs > 1 else nullcontext()


@contextmanager
def processes(plan: Plan, job: Job, jobs: int) -> Iterator[Crew]:
    """So many processes of this machine.

    They are forked, and so begin with the recorded job, warm memos, and whatever a test has put in the firmware's
    place; they hold on to this process by a pipe, and end when it does, however it does.
    """
    context = multiprocessing.get_context("fork")
    theirs, ours = context.Pipe(duplex=False)
    chunks.hand_down(plan, job)
    executor = ProcessPoolExecutor(jobs, context, _leashed, (theirs, ours))
    try:
        yield Crew(executor, plan, job, jobs)
    finally:
        # It waits for what is being worked on: a process that ends while it writes a result would block it for ever.
        executor.shutdown(wait=True, cancel_futures=True)
        chunks.take_back(plan)
        ours.close()
        theirs.close()


def _leashed(theirs: Connection, ours: Connection) -> None:
    """A worker begins: Ctrl-C is for the parent to hear, and when the parent is gone, the worker ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ours.close()
    gc.freeze()  # what was inherited stays for ever; looking through it again and again would copy its pages
    threading.Thread(target=_until_let_go, args=(theirs,), daemon=True).start()


def _until_let_go(theirs: Connection) -> None:
    with suppress(EOFError, OSError):
        theirs.recv_bytes()
    os._exit(0)


@contextmanager
def on_cluster(plan: Plan, job: Job, address: str) -> Iterator[Crew]:
    """The workers of a Dask cluster, by the address of its scheduler. BadInput: it does not answer."""
    if not address:
        raise BadInput("--cluster: give the address of a Dask scheduler, such as tcp://127.0.0.1:8786")
    try:
        dask: Any = import_module("distributed")
    except ImportError:
        raise BadInput("--cluster needs the extra: pip install 'ipoffice-sim[cluster]'") from None
    try:
        client = dask.Client(address, timeout=ANSWERS)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"no Dask scheduler answers at {address}: {type(error).__name__}") from None
    try:
        try:
            client.wait_for_workers(1, timeout=ANSWERS)
        except TimeoutError:
            raise BadInput(f"the Dask scheduler at {address} has no worker") from None

        def gone() -> bool:  # and nobody has started another
            with suppress(OSError):  # TimeoutError is one
                client.wait_for_workers(1, timeout=ANSWERS)
                return False
            return True

        executor, workers = client.get_executor(pure=False), len(client.nthreads())
        try:
            yield Crew(executor, plan, job, workers, lost=(dask.KilledWorker, CancelledError), gone=gone)
        finally:
            executor.shutdown(wait=False)  # cancels what has not begun; what has ends within a chunk's time
    finally:
        client.close()
