"""The matrix, and what a check of it gave, as text, Markdown and JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any

import yaml

from firmware.basis import Basis
from firmware.bench.rules.check import NOT_OFFERED, NOTHING, Result, Seen, Status
from firmware.bench.rules.grouping import EVERY, Line, grouped
from firmware.bench.timeline import Style, plain
from firmware.security.reading import describe, fingerprint, public_key_of

_WIDE, _INDENT = 110, " " * 4
_MATRIX = (("platform", 34), ("releases", 15), ("expected", 24), ("basis, source", 31))
_CHECKED = (("", 4), ("platform", 27), ("releases", 14), ("expected", 19), ("observed", 19), ("basis, source", 22))
_MARKS = {Status.PASSED: ("ok", "green"), Status.FAILED: ("FAIL", "red"), Status.BLOCKED: ("FAIL", "red")}
_FIELDS = ("subject", "serial", "not_before", "not_after", "sha256")


def matrix(results: Iterable[Result], style: Style = plain) -> str:
    """What is expected, a line for cells that say the same."""
    lines = grouped(results, lambda result: result.cell, _said)
    return _table(_MATRIX, lines, lambda line: row(line.members[0])[:1] + row(line.members[0])[2:], style)


def checked(results: Iterable[Result], style: Style = plain) -> str:
    """What was expected and seen, then what did not hold, and the counts."""
    held = list(results)
    lines = grouped(held, lambda result: result.cell, lambda result: (_said(result), result.status, *row(result)))
    table = _table(_CHECKED, lines, lambda line: row(line.members[0]), style)
    failures = [text for line in lines if not line.members[0].holds for text in _failed(line, style)]
    return "\n".join([table, *failures, *_wrapped(counts(held), "", "  ")])


def _failed(line: Line[Result], style: Style) -> list[str]:
    """Cells that fail alike: the first with all that it shows, the others by name."""
    first, *others = line.members
    names = f"and so do: {'; '.join(str(result.cell) for result in others)}" if others else ""
    return [*failure(first, style), *_wrapped(names, _INDENT)]


def _wrapped(text: str, first: str, others: str | None = None) -> list[str]:
    return textwrap.wrap(text, _WIDE, initial_indent=first, subsequent_indent=first if others is None else others)


def counts(results: Sequence[Result]) -> str:
    """How many cells came to what."""
    known = Counter(result.status for result in results)
    held = Counter(result.expected.basis for result in results if result.status is Status.PASSED and result.expected)
    bases = ", ".join(f"{held[basis.value]} {basis.value}" for basis in Basis)
    others = ", ".join(f"{known[status]} {words}" for status, words in _OTHERWISE.items())
    return f"{known[Status.PASSED]} cells hold ({bases}); {others}"


_OTHERWISE = {
    Status.FAILED: "failed",
    Status.BLOCKED: "could not be tried",
    Status.ASSUMED: "that no row speaks of",
    Status.NOT_OFFERED: "not offered",
}


def failure(result: Result, style: Style = plain) -> list[str]:
    """One cell that does not hold: the row, the scenario, and the certificate before and after."""
    where = f" [{result.expected.cite()}; {result.expected.where}]" if result.expected else ""
    expected, observed = row(result)[:2]
    head = f"FAILED  {result.cell}: expected {expected}, observed {observed}{where}"
    lines = [style(part, "red") for part in _wrapped(head, "", _INDENT)] + _wrapped(result.why, _INDENT)
    if result.case is not None:
        lines.append(f"{_INDENT}scenario: {result.cell.file_name}")
        lines += [*_shown("before", result.before), *_shown("after", result.after)]
    return lines


def _shown(when: str, seen: Seen) -> Iterator[str]:
    for what, der in (("certificate", seen.certificate), ("root CA", seen.root)):
        told = certificate(der)
        if told is None:
            if what == "certificate":
                yield f"{_INDENT}{when}: no certificate"
            continue
        yield from _wrapped(f"{when}, {what}: {told['subject']}", _INDENT, f"{_INDENT}  ")
        for text in (
            f"serial {told['serial']}, {told['not_before']} to {told['not_after']}",
            f"SHA-256 {told['sha256']}",
            f"key     {told['public_key_sha256']}",
        ):
            yield f"{_INDENT}  {text}"


def certificate(der: bytes | None) -> dict[str, str] | None:
    """What tells two certificates, and two keys, apart."""
    if der is None:
        return None
    found = describe(der)
    return {name: str(found[name]) for name in _FIELDS} | {"public_key_sha256": fingerprint(public_key_of(der))}


def _said(result: Result) -> Hashable:
    return (result.status is Status.NOT_OFFERED, result.expected and (result.expected.outcome, result.expected.root),
            result.expected and result.expected.cite())  # fmt: skip


def row(result: Result) -> tuple[str, str, str]:
    """Expected, observed, and basis with source."""
    said = result.expected
    if result.status is Status.NOT_OFFERED:
        return NOT_OFFERED, result.observed, said.cite() if said and said.outcome == NOT_OFFERED else ""
    if said is None:
        return NOTHING, result.observed, "assumed: no row"
    return _with_root(said.outcome, said.root), _with_root(result.observed, result.root), said.cite()


def _with_root(outcome: str, root: str | None) -> str:
    return f"{outcome}, root {root}" if root else outcome


def _table(columns: Any, lines: list[Line[Result]], row: Any, style: Style) -> str:
    widths = [width for _, width in columns]
    text = [style(_cells(widths, [name for name, _ in columns])[0], "bold")]
    for trigger, near in groupby(lines, lambda line: (line.title, line.trigger)):
        text += [style(part, "bold") for part in _wrapped(f"{trigger[0]} ({trigger[1]})", "", "  ")]
        for line in near:
            first = line.members[0]
            if first.status is Status.NOT_OFFERED:
                text += [style(part, "dim") for part in _not_offered(line)]
                continue
            mark, colour = _MARKS.get(first.status, ("", ""))
            cells = [*([mark] if columns is _CHECKED else []), line.who, line.releases, *row(line)]
            text += [style(part, colour if colour == "red" else "") for part in _cells(widths, cells)]
    return "\n".join(text)


def _not_offered(line: Line[Result]) -> list[str]:
    releases = "" if line.releases == EVERY else f", {line.releases}"
    said = line.members[0].expected
    cited = f" [{said.cite()}]" if said is not None and said.outcome == NOT_OFFERED else ""
    return _wrapped(f"-- not offered: {line.who}{releases}{cited}", "  ", "     ")


def _cells(widths: list[int], cells: Sequence[str]) -> list[str]:
    """A row of cells, each wrapped in its column."""
    wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, widths, strict=True)]
    return [
        " ".join(f"{part:<{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()
        for parts in zip_longest(*wrapped, fillvalue="")
    ]


def as_markdown(results: Sequence[Result]) -> str:
    """A table; a check's has what was observed."""
    is_check = any(result.status is not Status.EXPECTED for result in results if result.observed != NOTHING)
    lines = grouped(results, lambda result: result.cell, lambda result: (_said(result), result.status, *row(result)))
    seen_too = ["observed"] if is_check else []
    heads = ["trigger", "platform", "releases", "expected", *seen_too, "basis, source", "result"]
    text = [_pipes(heads), _pipes(["---"] * len(heads))]
    for line in lines:
        expected, observed, basis = row(line.members[0])
        seen = [observed] if is_check else []
        status = line.members[0].status.value
        text.append(_pipes([line.title, line.who, line.releases, expected, *seen, basis, status]))
    return "\n".join(text) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def as_json(results: Iterable[Result]) -> str:
    return json.dumps([_plain(result) for result in results], ensure_ascii=False, indent=1) + "\n"


def _plain(result: Result) -> dict[str, Any]:
    said, cell = result.expected, result.cell
    return {
        "platform": cell.platform.name,
        "trigger": cell.trigger,
        "release": str(cell.release),
        "status": result.status.value,
        "expected": said.outcome if said else None,
        "expected_root": said.root if said else None,
        "observed": None if result.observed == NOTHING else result.observed,
        "observed_root": result.root,
        "basis": said.basis if said else "assumed",
        "source": said.source if said else None,
        "row": said.where if said else None,
        "why": result.why or None,
        "scenario": cell.file_name if result.case else None,
        "before": {"certificate": certificate(result.before.certificate), "root": certificate(result.before.root)},
        "after": {"certificate": certificate(result.after.certificate), "root": certificate(result.after.root)},
    }


def as_scenario(result: Result) -> str:
    """The scenario of a cell that was run, as ``ipsim run`` takes it."""
    assert result.case is not None
    expected, observed, basis = row(result)
    about = f"# {result.cell}: expected {expected} [{basis}], observed {observed}\n"
    return about + yaml.safe_dump(result.case.data, sort_keys=False, allow_unicode=True, width=_WIDE)
