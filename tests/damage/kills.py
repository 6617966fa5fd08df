"""``kill -9`` of real ``ipsim`` processes at random moments, and what the next call must make of what is left."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

from firmware.appliance import Appliance
from firmware.bench import cli
from firmware.bench.outside import authority_of, settings_of
from firmware.bench.state import JOURNAL, LOCK, StateDirectory, holds_unit
from firmware.security.certificates import Identity
from firmware.security.settings import SecuritySettings
from tests.damage import bases
from tests.damage.child import FOUND, ROOT
from tests.damage.judge import verifies

IPSIM = Path(sys.executable).with_name("ipsim")
ANSWERS = ROOT / "tests" / "answers"
CLOCK = ("--clock", "2026-11-23T09:00:00Z")
PATIENCE = 60
SERVED = 0.3  # seconds that a unit is left to serve
PORTS = [word for name in ("port", "sip", "sip-tls", "http", "https") for word in (f"--{name}", "0")]


@dataclass(frozen=True)
class Call:
    """A command on a unit – one of the bases; None: on a new one – and the command that goes on after its kill."""

    command: tuple[str, ...]
    unit: str | None
    then: tuple[str, ...]

    @property
    def is_fixed(self) -> bool:
        """Whether number and time of its next identity are on the flash, so that it is the same after any kill."""
        return self.unit is not None and "wizard" not in self.unit


def _boot(platform: str, unit: str | None) -> Call:
    return Call(("boot", platform), unit, ("boot", platform))


def _ignite(kind: str, unit: str | None) -> Call:
    answered = ("ignite", kind, "--answers", str(ANSWERS / f"{kind}.yaml"))
    return Call(answered, unit, (*answered, "--if-needed"))


def _serve(platform: str, unit: str | None, then: tuple[str, ...]) -> Call:
    return Call(("serve", platform, *PORTS, "--speed", "max"), unit, then)


CALLS: tuple[Call, ...] = (
    _boot("ip500v2", None),
    _ignite("primary", None),
    _serve("ip500v2", None, ("boot", "ip500v2")),
    _boot("ip500v2", "ip500v2, security default"),
    _ignite("secondary", "secondary, wizard at review"),
    _serve("ip500v2", "ip500v2, running", ("boot", "ip500v2")),
    _boot("ip500v2", "ip500v2, used"),
    _ignite("ucm", "ucm, Apply begun"),
    _serve("primary", "primary, Apply late", ("boot", "primary")),
    _boot("primary", "primary, used"),
    _ignite("application_server", None),
    _serve("primary", "primary, wizard begun", _ignite("primary", None).then),
)  # fmt: skip


def kill(number: int, seed: int, place: Path) -> str:
    """Do it and look. One line: how far the process had come, or what is wrong."""
    chance, call = Random(f"kill {seed} {number}"), CALLS[number % len(CALLS)]  # noqa: S311
    told = f" [{' '.join(call.command[:2])}, {call.unit or 'new'}]"
    try:
        return _killed(call, chance, place)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return " ".join(
            f"{FOUND}{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno}){told}".split()
        )


def _killed(call: Call, chance: Random, place: Path) -> str:
    _lay(call, place)
    before = _kept(place)
    with _process(call, place) as process:
        reached = _let_live(process, chance, call, place)
        if reached == "at work":
            _is_alone(call, place)
        process.kill()
        process.wait(PATIENCE)
    _is_old_or_new(call, place, before)
    run = _in_a_process if chance.random() < 0.05 else _here
    run(place, *call.then, *(() if holds_unit(place) else CLOCK))
    _is_whole(call, place)
    return f"{call.command[0]} {reached}"


def _lay(call: Call, place: Path) -> None:
    if call.unit is not None:
        with StateDirectory(place) as directory:
            directory.create(bases.anew(bases.base(call.unit)))
        (place / LOCK).unlink()  # it is there again when the process has come so far


@contextmanager
def _process(call: Call, place: Path) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [*call.command, "--state", str(place), *(CLOCK if call.unit is None else ())]
    with subprocess.Popen(
        [IPSIM, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


_LONGEST: dict[Call, float] = {}


@cache
def _lives(command: str, folder: Path) -> tuple[float, float]:
    """Seconds until such a process takes the lock, and from there until it lets go; one that serves is left to serve
    for a time."""
    call = next(call for call in CALLS if call.command[0] == command)
    place = folder / f"life of {command}"
    _lay(call, place)
    began = time.monotonic()
    with _process(call, place) as process:
        _wait(lambda: (place / LOCK).exists())
        locked = time.monotonic()
        time.sleep(0.02)  # it is to find the lock free
        if command == "serve":
            _wait(lambda: '"running"' in _journal(place))
            return locked - began, time.monotonic() - locked + SERVED
        _wait(lambda: not _is_locked(place) or process.poll() is not None)
        return locked - began, time.monotonic() - locked


def _let_live(process: subprocess.Popen[bytes], chance: Random, call: Call, place: Path) -> str:
    """Stop it at a random moment: of its whole life, or – more often – of that in which it has the unit."""
    until, from_there = _lives(call.command[0], place.parent)
    if chance.random() < 0.3:
        time.sleep(chance.random() * (until + from_there))
        process.send_signal(signal.SIGSTOP)
        return "at work" if _is_locked(place) else "before or after"
    _wait(lambda: (place / LOCK).exists() or process.poll() is not None)
    had_it = chance.random() * min(from_there, _LONGEST.get(call, from_there))
    time.sleep(had_it)
    process.send_signal(signal.SIGSTOP)
    if _is_locked(place):
        return "at work"
    _LONGEST[call] = had_it  # it is over sooner than that: the next moments lie before
    return "after"


def _wait(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it does not get on"
        time.sleep(0.002)


def _is_locked(place: Path) -> bool:
    try:
        lock = os.open(place / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _journal(place: Path) -> str:
    return (place / JOURNAL).read_text("utf-8") if (place / JOURNAL).exists() else ""


def _is_alone(call: Call, place: Path) -> None:
    """Nobody else opens the unit of a process that has it, to look at it or to start it; nothing changes."""
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    looks = [("show",)] if (place / "unit.json").exists() else []
    for command in (*looks, call.then):
        code, _, complaint = _called(*command, "--state", str(place))
        assert code == 2, complaint
        assert complaint.startswith(f"ipsim: {place}: in use by another ipsim"), complaint
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def _called(*arguments: str) -> tuple[int, str, str]:
    """(exit code, output, complaints) of ``ipsim`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with patch.object(sys, "argv", ["ipsim", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()


def _here(place: Path, *arguments: str) -> str:
    code, out, err = _called(*arguments, "--state", str(place))
    assert (code, err) == (0, ""), f"{' '.join(arguments)}: {code} {err}"
    return out


def _in_a_process(place: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [IPSIM, *arguments, "--state", place], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (ran.returncode, ran.stderr) == (0, ""), f"{' '.join(arguments)}: {ran.returncode} {ran.stderr}"
    return ran.stdout


def _settings(place: Path) -> tuple[Appliance, SecuritySettings | None]:
    with StateDirectory(place, exclusive=False) as directory:
        unit = directory.load()
        return unit, settings_of(unit)


def _kept(place: Path) -> Identity | None:
    found = _settings(place)[1] if place.exists() else None
    return found.identity if found else None


@cache
def _expected(call: Call, folder: Path) -> Identity | None:
    """The identity of a unit that was there before, when nothing comes in between."""
    place = folder / f"undisturbed {CALLS.index(call)}"
    _lay(call, place)
    _here(place, *call.then)
    return _kept(place)


def _is_old_or_new(call: Call, place: Path, before: Identity | None) -> None:
    """Right after the kill: whole, and one of the two; looking at it is possible and changes nothing."""
    for path in place.iterdir() if place.exists() else ():
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others"
    if not place.exists() or not (place / "unit.json").exists():
        assert call.unit is None, "the unit is gone"
        return
    _here(place, "show")
    unit, found = _settings(place)
    identity = found.identity if found else None
    if identity is not None:
        assert identity.is_whole(), "the key is not the certificate's"
        assert not call.is_fixed or identity in (before, _expected(call, place.parent)), "neither the old nor the new"
    assert before is None or identity is not None, "the identity is gone"
    assert unit.state == "off"


def _is_whole(call: Call, place: Path) -> None:
    """After the next command: what it would be without the kill."""
    assert not list(place.glob("*.new")), "something is left over"
    assert "all sound" in _here(place, "fsck")
    unit, found = _settings(place)
    assert found is not None
    assert found.identity is not None
    assert found.identity.is_whole()
    assert verifies(found.identity.chain)
    authority = authority_of(unit)
    assert authority is None or authority.is_whole()
    if call.is_fixed:
        assert found.identity == _expected(call, place.parent), "another identity than without the kill"
    else:
        assert found.generation == 1, "made twice"
    times = [json.loads(line)["time"] for line in _journal(place).splitlines() if line.endswith("}")]
    assert times == sorted(times)
    assert "identity kept" in _here(place, "boot", unit.platform.name)
    assert _kept(place) == found.identity
