"""What inspect found, as plain values and for people."""

from __future__ import annotations

import textwrap
import warnings
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from firmware.bench.inspection import Group, Outcome, Row
from firmware.bench.inspection_case import printable
from firmware.security.reading import describe, issuer

_WIDTHS = (27, 41, 22, 13)  # field, found, basis, outcome: a line with what stands between
_LINE = 110
_BEST = 5
_LABELS = {"serial_bytes": "serial number", "backdate": "not before", "san": "SAN", "ca": "CA"}


def summarise(target: str, chain: tuple[bytes, ...], judged: int, groups: list[Group]) -> dict[str, Any]:
    """Everything. ``judged`` is the certificate's place in the chain; ``fits`` begins with the best; the ``fields`` are
    those of its newest release, which ``against`` names."""
    best = groups[0].newest
    with warnings.catch_warnings(action="ignore"):
        certificates = [_described(der) for der in chain]
    return {
        "target": printable(target),
        "certificates": certificates,
        "judged": judged,
        "fits": [_fit(group) for group in groups],
        "against": str(Group((best,))),
        "names": best.names,
        "fields": [asdict(row) for row in best.rows],
        "verdict": _verdict(printable(target), groups),
    }


def _described(der: bytes) -> dict[str, Any]:
    return {
        key: [printable(one) for one in value] if isinstance(value, list) else printable(value)
        for key, value in (describe(der) | {"issuer": issuer(der)}).items()
    }


def _fit(group: Group) -> dict[str, Any]:
    candidate, (documented, other) = group.newest.candidate, group.rank
    return {
        "title": str(group),
        "platform": candidate.platform.name,
        "role": candidate.role,
        "releases": [str(one.candidate.release) for one in group.judged],
        "documented_differences": documented,
        "other_differences": other,
    }


def _verdict(target: str, groups: list[Group]) -> str:
    best, (documented, other) = groups[0].newest, groups[0].rank
    equals = sum(group.rank == best.rank for group in groups) - 1
    what = str(groups[0]) + (f" (and {equals} more equally)" if equals else "")
    documents, reading = _fields(best.differing(Outcome.DIFFERS)), _fields(best.differing(Outcome.READING))
    if documented:
        also = f"; from our reading of it also in {reading}" if other else ""
        return f"{target}: differs from what is documented of {what}, in {documents}{also}"
    if other:
        return f"{target}: conforms to what is documented of {what}; from our reading it differs in {reading}"
    return f"{target}: conforms to {what}"


def _fields(rows: list[Row]) -> str:
    return ", ".join(_label(row.field) for row in rows)


def _label(field: str) -> str:
    return _LABELS.get(field, field.replace("_", " "))


def show(found: dict[str, Any], *, is_one: bool) -> str:
    """For a terminal of 110 columns; the verdict is the caller's to say."""
    own, count = found["certificates"][found["judged"]], len(found["certificates"])
    which = f"certificate {found['judged'] + 1} of {count}" if count > 1 else "one certificate"
    told = {"subject": own["subject"], "valid": f"{own['not_before']} to {own['not_after']}", "SHA-256": own["sha256"]}
    lines = [f"{found['target']}: {which}"]
    for word, text in (told | found["names"]).items():
        lines += textwrap.wrap(f"  {word:<7}  {text}", _LINE, subsequent_indent=" " * 11, break_on_hyphens=False)
    lines.append("")
    if not is_one:
        lines += _ranking(found["fits"])
    rows = [row for row in found["fields"] if is_one or row["outcome"] in (Outcome.DIFFERS, Outcome.READING)]
    if rows:
        lines += ["", f"against {found['against']}:"] * (not is_one)
        lines += [_columns("field", "found", "basis", "outcome")[0], *(line for row in rows for line in _row(row))]
    return "\n".join(line.rstrip() for line in [*lines, ""])


def _ranking(fits: list[dict[str, Any]]) -> list[str]:
    shown = [fit["title"] for fit in fits[:_BEST]]
    width = min(max(map(len, shown)), 74)
    lines = [f"{'fits best':<{width}}  differences: documented  other"]
    for fit in fits[:_BEST]:
        *first, last = textwrap.wrap(fit["title"], width)
        lines += [*first, f"{last:<{width}}  {fit['documented_differences']:>23}  {fit['other_differences']:>5}"]
    left = len(fits) - len(shown)
    return [*lines, f"… and {left} that fit less"] if left else lines


def _row(row: dict[str, Any]) -> list[str]:
    outcome: Outcome = row["outcome"]
    differs = outcome in (Outcome.DIFFERS, Outcome.READING)
    found = f"{row['found']}\nexpected: {row['expected']}" if differs else row["found"]
    return _columns(_label(row["field"]), found, row["basis"], outcome.value)


def _columns(*cells: str) -> list[str]:
    wrapped = [
        [part for line in cell.split("\n") for part in textwrap.wrap(line, width, break_on_hyphens=False)]
        for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    return [
        "  ".join(f"{part:<{width}}" for part, width in zip(parts, _WIDTHS, strict=True))
        for parts in zip_longest(*wrapped, fillvalue="")
    ]
