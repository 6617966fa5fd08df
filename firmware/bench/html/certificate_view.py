"""Certificates for a report: each that a unit made or presented, field by field, and what it changed."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import platforms
from firmware.basis import Basis
from firmware.bench import inspection
from firmware.bench.html.watch import ROOT, TELEPHONY, Appearance, Watched
from firmware.bench.inspection import Candidate, Outcome, Role
from firmware.release import BY_VERSION
from firmware.security.reading import describe, fingerprint, issuer, public_key_of
from firmware.times import show_time

LABELS = {
    "subject": "subject", "issuer": "issuer", "serial": "serial number", "not_before": "not before",
    "not_after": "not after", "key": "key", "names": "names", "sha256": "SHA-256", "key_sha256": "SHA-256 of the key",
    "serial_bytes": "serial number", "backdate": "not before", "san": "alternative names", "ca": "CA",
}  # fmt: skip
_COUNTED = {
    Outcome.CONFORMS: "conform", Outcome.DIFFERS: "differ", Outcome.READING: "differ from our reading",
    Outcome.NOT_VISIBLE: "not visible",
}  # fmt: skip


def cards(run: Watched) -> list[dict[str, Any]]:
    """In the order in which they appeared."""
    numbers = count(1)
    before: dict[tuple[str, str], Appearance] = {}
    found = []
    for one in run.appearances:
        last = before.get((one.unit, one.role))
        before[one.unit, one.role] = one
        found.append(card(next(numbers), one, last))
    return found


def card(number: int, one: Appearance, last: Appearance | None) -> dict[str, Any]:
    judged = _judged(one)
    return {
        "id": f"certificate-{number}",
        "unit": one.unit,
        "role": one.role,
        "generation": one.generation,
        "origin": one.origin,
        "step": one.step,
        "time": show_time(one.time),
        "shown": sorted(one.shown),
        "facts": facts(one.chain[0]),
        "fields": _fields(judged) if judged is not None else [],
        "outcomes": _outcomes(judged) if judged is not None else "",
        "differs": judged is not None and judged.rank != (0, 0),
        "against": str(inspection.Group((judged,))) if judged is not None else "",
        "chain": [_link(der) for der in one.chain],
        "change": _change(last, one),
        "differences": differences(last.chain[0], one.chain[0]) if last is not None else [],
    }


def facts(der: bytes) -> list[tuple[str, str]]:
    """What a person wants to see of a certificate, as ``ipsim show`` has it."""
    return [(LABELS[name], text) for name, text in _values(der).items()]


def _values(der: bytes) -> dict[str, str]:
    told = {
        key: ", ".join(value) or "none" if isinstance(value, list) else value for key, value in describe(der).items()
    }
    subject = told.pop("subject")
    return {"subject": subject, "issuer": issuer(der), **told, "key_sha256": fingerprint(public_key_of(der))}


def differences(old: bytes, new: bytes) -> list[tuple[str, str, str]]:
    """(field, before, after) of the fields that two certificates differ in."""
    before, after = _values(old), _values(new)
    return [(LABELS[name], before[name], after[name]) for name in after if before[name] != after[name]]


def _change(last: Appearance | None, one: Appearance) -> str:
    if last is None:
        return ""
    return "same key, renewed" if public_key_of(last.chain[0]) == public_key_of(one.chain[0]) else "new key"


def _link(der: bytes) -> dict[str, str]:
    told = describe(der)
    return {"subject": str(told["subject"]), "issuer": issuer(der), "until": str(told["not_after"])}


def _judged(one: Appearance) -> inspection.Judgement | None:
    """Against what its platform and release make; of what came from outside no profile says anything."""
    if not one.is_made or one.release is None or one.role == TELEPHONY:
        return None
    role = Role.ROOT if one.role == ROOT else Role.IDENTITY
    return inspection.judge(one.chain, Candidate(platforms.load(one.platform), BY_VERSION[one.release], role), one.time)


def _outcomes(judged: inspection.Judgement) -> str:
    counted = Counter(row.outcome for row in judged.rows)
    return ", ".join(f"{counted[outcome]} {words}" for outcome, words in _COUNTED.items() if counted[outcome])


def _fields(judged: inspection.Judgement) -> list[dict[str, str]]:
    return [
        {
            "field": LABELS.get(row.field, row.field.replace("_", " ")),
            "found": row.found,
            **cited(row.basis),
            "outcome": row.outcome.value,
            "expected": row.expected if row.outcome in (Outcome.DIFFERS, Outcome.READING) else "",
        }
        for row in judged.rows
    ]


def cited(text: str) -> dict[str, str]:
    """``documented A`` -> how it is known, and where from."""
    known = next((basis.value for basis in Basis if text.startswith(basis.value)), "")
    return {"basis": known, "source": text.removeprefix(known).strip(" :")}
