"""The short id of a trail: it names the scenario, its content, and each fault, so that anybody can go the same way.

``first_start-3f2a-2.45h-17a-r``: in step 2 of first_start.yaml (whose text has the digest 3f2a) power is cut half-way
through the unit's 45th flash operation; in the start after that, after the 17th; then once more at rest.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path, PurePath

from firmware.bench.sweep.crashes import AT_REST, BY_CODE
from firmware.bench.sweep.nodes import Fault
from firmware.errors import BadInput

_ID = re.compile(r"(?P<stem>.+?)-(?P<digest>[0-9a-f]{4})(?P<faults>(-[0-9.a-z]+)+)")
_FAULT = re.compile(r"(?:(?P<step>\d+)\.)?(?P<operation>\d*)(?P<code>[a-z])(?P<lost>\d*)")


def name_of(file: str, text: bytes) -> str:
    """What the ids of a scenario's trails begin with."""
    return f"{PurePath(file).stem}-{blake2b(text, digest_size=2).hexdigest()}"


def id_of(name: str, faults: tuple[Fault, ...]) -> str:
    return "-".join((name, *map(_write, faults)))


def _write(fault: Fault) -> str:
    step = f"{fault.step}." if fault.step else ""
    operation = "" if fault.form is AT_REST else str(fault.operation)
    return f"{step}{operation}{fault.form.code}{fault.lost or ''}"


def read(trail_id: str) -> tuple[str, tuple[Fault, ...]]:
    """The name that an id begins with, and its faults. BadInput says what an id looks like."""
    whole = _ID.fullmatch(trail_id)
    faults = [_FAULT.fullmatch(word) for word in whole["faults"][1:].split("-")] if whole else [None]
    if whole is None or not all(fault and fault["code"] in BY_CODE for fault in faults):
        raise BadInput(f"{trail_id}: no id of a sweep; one looks like first_start-3f2a-2.45h-17a")
    return f"{whole['stem']}-{whole['digest']}", tuple(_read(fault) for fault in faults if fault)


def _read(found: re.Match[str]) -> Fault:
    form = BY_CODE[found["code"]]
    return Fault(int(found["step"] or 0), int(found["operation"] or 0), form, int(found["lost"] or 0))


def find(name: str, below: Path) -> Path:
    """The scenario file that an id is of, in a folder or below it. BadInput when it is not there, or was changed."""
    stem = name.rpartition("-")[0]
    found = sorted(path for path in below.rglob(f"{stem}.yaml") if ".venv" not in path.parts)
    for path in found:
        if name_of(path.name, path.read_bytes()) == name:
            return path
    if found:
        raise BadInput(f"{found[0]}: has been changed since the id {name} was made of it; sweep it anew")
    raise BadInput(f"no {stem}.yaml below {below}: give the scenario too, ipsim sweep SCENARIO --replay ID")
