"""The command that proves, from outside, when a certificate is made, renewed, re-keyed or kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware.bench.cli_options import Value, completions, style, write_file
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.bench.rules.case import Cell
    from firmware.bench.rules.check import Result
    from firmware.bench.rules.matrix import Expectations

_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


class _Trigger(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """One of the triggers' names."""

    name = "T"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from firmware.bench.rules import triggers

        try:
            return triggers.one_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from firmware.bench.rules import triggers

        return completions(triggers.table().triggers, incomplete)


@click.command()
@click.option("--check", is_flag=True, help="Build each unit, apply each trigger, and compare.")
@click.option("--platform", multiple=True, type=Value("platform", "P"), help="Of this platform only; may be repeated.")
@click.option("--release", multiple=True, type=Value("release", "R"), help="Of this release only; may be repeated.")
@click.option("--trigger", multiple=True, type=_Trigger(), help="Of this trigger only; may be repeated.")
@click.option("--expect", type=_FILE, metavar="FILE", help="Rows of your own; they go before the built-in ones.")
@click.option("--assumed", is_flag=True, help="Only cells that no document speaks of, even by inference.")
@click.option("--junit", type=_FILE, metavar="F", help="Write a JUnit file, a test case a cell.")
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write every cell as JSON; - is standard output.")
@click.option("--markdown", type=_FILE, metavar="F", help="Write the table as Markdown; - is standard output.")
@click.option("--html", type=_FILE, metavar="F", help="Write the matrix as a report: one file, for any browser.")
@click.option("--write-scenarios", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Save the scenario of each cell that was run; ipsim run takes it.")  # fmt: skip
def rules(
    check: bool, platform: tuple[Any, ...], release: tuple[str, ...], trigger: tuple[str, ...], expect: Path | None,
    assumed: bool, junit: Path | None, json_file: Path | None, markdown: Path | None, html: Path | None,
    folder: Path | None,
) -> None:  # fmt: skip
    """What becomes of a certificate: the matrix of platform, trigger and release, read from the documents.

    With --check every cell is a scenario that is run, and the certificate in a TLS handshake before and after the
    trigger says whether it holds; exit 1 when one does not.

    \b
    Example: ipsim rules --check --platform primary --junit rules.xml
    """
    if not check and (junit or folder):
        raise click.UsageError("--junit and --write-scenarios need --check")
    from firmware.bench.rules import matrix, report

    own = matrix.load(expect) if expect else {}
    matrix.require_releases(own)
    cells = _cells(platform, release, trigger)
    results = [
        result for result in (_run(cells, own) if check else _plan(cells, own)) if not assumed or result.is_assumed
    ]
    if check and not any(result.was_tried for result in results):
        raise BadInput("nothing to check: none of the cells that were chosen can be run")
    _write(results, junit, json_file, markdown, folder)
    if html:
        from firmware.bench.html.rules_view import as_html

        write_file(html, as_html(results))
    if Path("-") not in (json_file, markdown):
        click.echo((report.checked if check else report.matrix)(results, style()))
    failed = sum(not result.holds for result in results)
    if failed:
        raise Unmet(f"{failed} of {len(results)} cells do not hold")


def _cells(platform: tuple[Any, ...], release: tuple[str, ...], trigger: tuple[str, ...]) -> list[Cell]:
    import platforms
    from firmware.bench.rules import case, triggers
    from firmware.release import RELEASES

    chosen = list(platform) or [platforms.load(name) for name in platforms.names()]
    versions = [known for known in RELEASES if not release or known.version in release]
    return list(case.cells(chosen, versions, list(trigger) or list(triggers.table().triggers)))


def _plan(cells: list[Cell], own: Expectations) -> list[Result]:
    from firmware.bench.rules.check import planned

    return list(planned(cells, own))


def _run(cells: list[Cell], own: Expectations) -> list[Result]:
    """Check every cell; on a terminal with a bar of progress."""
    from tempfile import TemporaryDirectory

    from firmware.bench.rules import files
    from firmware.bench.rules.check import check

    with TemporaryDirectory() as name:
        files.write(Path(name))
        found = check(cells, Path(name), own)
        if not sys.stderr.isatty():
            return list(found)
        with click.progressbar(found, length=len(cells), label="checking", file=sys.stderr) as bar:
            return list(bar)


def _write(
    results: Sequence[Result], junit: Path | None, json_file: Path | None, markdown: Path | None, folder: Path | None
) -> None:
    from firmware.bench.rules import files, report
    from firmware.bench.rules.junit import as_junit

    if junit:
        _put(junit, as_junit(results))
    if json_file:
        _put(json_file, report.as_json(results).encode())
    if markdown:
        _put(markdown, report.as_markdown(results).encode())
    if folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{folder}: {error.strerror}") from None
        files.write(folder)
        for result in results:
            if result.case is not None:
                write_file(folder / result.cell.file_name, report.as_scenario(result).encode())


def _put(path: Path, data: bytes) -> None:
    if path == Path("-"):
        click.echo(data, nl=False)
    else:
        write_file(path, data)


COMMANDS = {"rules": rules}
