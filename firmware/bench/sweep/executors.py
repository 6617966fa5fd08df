"""Who does a search's work besides this process: others on this machine, or a Dask cluster, behind one protocol."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from firmware.bench.sweep import chunks
from firmware.bench.sweep.chunks import Chunk, ChunkResult, Duties
from firmware.bench.sweep.job import Job
from firmware.bench.sweep.nodes import Duty, Node
from firmware.bench.sweep.plan import Plan
from firmware.errors import BadInput, IpsimError

LEAST, MOST = 0.05, 0.25  # seconds of work in a chunk: above what its way costs, below what Ctrl-C may wait
FIRST = 8  # states in the first chunks, when nothing is known of how long one takes
AHEAD = 3  # chunks under way for each worker: none waits for the parent
LOST = "a worker's process ended in the middle of its work; with --jobs 1 it is seen at which state"
ANSWERS = 10  # seconds in which a scheduler and a worker must answer


class WorkerLost(IpsimError):
    """A worker's process ended in the middle of its work."""


class Crew:
    """Workers for one search."""

    def __init__(
        self, executor: Executor, plan: Plan, job: Job, workers: int, *, stop: Callable[[], None],
        lost: tuple[type[BaseException], ...] = (BrokenExecutor,),
    ) -> None:  # fmt: skip
        self.workers = workers
        self.ahead = AHEAD * workers
        self.stop = stop  # at once, whatever they are doing
        self._executor, self._plan, self._lost = executor, plan, lost
        self._duties = Duties(job)
        self._search, self._number = uuid.uuid4().hex, 0
        self._each = 0.0

    def size(self, left: int) -> int:
        """How many states the next chunk has: the fewer, the fewer are left, so that all workers end together."""
        if not self._each:
            return min(FIRST, left)
        share = left / (2 * self.workers)
        return min(left, max(1, round(LEAST / self._each), min(round(MOST / self._each), round(share))))

    def measured(self, found: ChunkResult) -> None:
        each = found.seconds / (found.states or 1)
        self._each = (self._each + each) / 2 if self._each else each

    def submit(self, nodes: list[Node], *, deeper: bool) -> Future[ChunkResult]:
        rows = [chunks.row_of(node, 0, self._duties.pack) for node in nodes]
        self._number += 1
        chunk = Chunk(self._search, self._number, deeper, rows, chunks.sources())
        return self._executor.submit(chunks.work, self._plan, chunk)

    def result(self, future: Future[ChunkResult], patience: float) -> ChunkResult:
        """TimeoutError when it is not there after so many seconds."""
        try:
            return future.result(patience)
        except self._lost as error:
            raise WorkerLost(LOST) from error

    def duty_of(self, packed: bytes) -> Duty:
        return self._duties.unpack(packed)


def crew(plan: Plan, job: Job, *, jobs: int = 1, cluster: str | None = None) -> AbstractContextManager[Crew | None]:
    """What ``--jobs`` and ``--cluster`` ask for; None: this process does the work itself."""
    if cluster is not None:
        return on_cluster(plan, job, cluster)
    return processes(plan, job, jobs) if jobs > 1 else nullcontext()


@contextmanager
def processes(plan: Plan, job: Job, jobs: int) -> Iterator[Crew]:
    """So many processes of this machine.

    They are forked where that is possible, and so begin with the recorded job, warm memos, and whatever a test has
    put in the firmware's place; they hold on to this process by a pipe, and end when it does, however it does.
    """
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    theirs, ours = context.Pipe(duplex=False)
    chunks.hand_down(plan, job)
    executor = ProcessPoolExecutor(jobs, context, _leashed, (theirs, ours))

    def stop() -> None:
        with suppress(OSError):
            for _ in range(jobs):
                ours.send_bytes(b".")
            ours.close()
        executor.shutdown(wait=True, cancel_futures=True)

    try:
        yield Crew(executor, plan, job, jobs, stop=stop)
    except BaseException:
        stop()
        raise
    else:
        executor.shutdown(wait=True, cancel_futures=True)
    finally:
        chunks.take_back(plan)
        ours.close()
        theirs.close()


def _leashed(theirs: Connection, ours: Connection) -> None:
    """A worker begins: Ctrl-C is for the parent to hear, and when the parent lets go, or is gone, the worker ends."""
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
        executor = client.get_executor(pure=False)
        workers = len(client.nthreads())

        def stop() -> None:
            executor.shutdown(wait=False)  # cancels what has not begun; what has ends within a chunk's time

        yield Crew(executor, plan, job, workers, stop=stop, lost=(dask.KilledWorker, CancelledError))
        executor.shutdown(wait=False)
    finally:
        client.close()
