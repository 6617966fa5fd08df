"""Images judged in a process of their own, a number at a time: one that ends the process, or never ends, is known."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import TracebackType

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds: far more than any image takes, on a machine busy with others
FOUND, READY = "FOUND ", "ready"


def judged(number: int, seed: int) -> str:
    """One line: the state that the unit came to, or what is wrong and where."""
    from tests.damage.images import image
    from tests.damage.judge import judge

    told = ""
    try:
        harmed = image(number, seed)
        told = f" [{harmed}]"
        return judge(harmed, Random(f"use {seed} {number}"))  # noqa: S311
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{FOUND}{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno}){told}"
        return " ".join(found.split())


def serve(seed: int) -> None:
    """A number a line in, a verdict a line out."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever C prints is no verdict
    print(READY, file=answers, flush=True)
    for line in sys.stdin:
        print(judged(int(line), seed), file=answers, flush=True)


class Child:
    """The process that judges; another one takes its place when it has died."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._process: subprocess.Popen[str] | None = None
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._complaints.close()

    def judge(self, numbers: range) -> Iterator[tuple[int, str]]:
        """(number, verdict) of each."""
        for number in numbers:
            yield number, self._judge(number)

    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _judge(self, number: int) -> str:
        process = self._process = self._process or self._begin()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # what it died of is told below
            print(number, file=process.stdin, flush=True)
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            self._end()
            return f"{FOUND}it hangs: nothing in {PATIENCE} s"
        answer = process.stdout.readline()
        if answer.endswith("\n"):
            return answer.rstrip("\n")
        process.wait()
        self._end()
        return f"{FOUND}the process died of {_cause(process.returncode)}: {self._last_words()}"

    def _begin(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.damage", "child", str(self._seed)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == f"{READY}\n", self._last_words()
        return process

    def _last_words(self) -> str:
        self._complaints.seek(0)
        return " ".join(self._complaints.read().split()[-40:])

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _cause(code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"
