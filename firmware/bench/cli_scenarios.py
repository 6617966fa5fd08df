"""The commands about scenarios, platforms and the installation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware.bench.cli_options import JSON, RECORD, Value, style, write_file
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.bench.html.watch import Watch
    from firmware.bench.scenario import Scenario


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--state", type=click.Path(path_type=Path), metavar="DIR", help="Keep the units there; else in memory only."
)
@click.option("--seed", type=Value("seed", "N"), help="Instead of the scenarios' own.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="F", help="Write the whole run as JSON.")
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="F", help="Write a JUnit file, a test case a scenario."
)
@click.option("--html", type=click.Path(path_type=Path), metavar="F", help="Write a report: one file, for any browser.")
@click.option(
    "--trace",
    type=click.Path(path_type=Path),
    metavar="F",
    help="Write a trace for ui.perfetto.dev.",
)
@RECORD
@click.option("-v", "--verbose", is_flag=True, help="Show every timeline, also of several files.")
@click.option("-q", "--quiet", is_flag=True, help="Show the timelines of those that fail only, also of one file.")
def run(
    files: tuple[Path, ...], state: Path | None, seed: int | None, json_file: Path | None, junit: Path | None,
    html: Path | None, trace: Path | None, record: Path | None, verbose: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Run scenarios; exit 1 when an expectation does not hold.

    One file shows its timeline; several show a line each, and the timeline of those that fail. With --state one
    scenario's unit lives in DIR; several scenarios have a folder each in it, named after their files.

    \b
    Example: ipsim run tests/scenarios/*.yaml --junit junit.xml
    """
    if verbose and quiet:
        raise click.UsageError("give one of --verbose, --quiet")
    from firmware.bench import replay, report
    from firmware.bench.recording.tape import recording

    watches: list[Watch] = []
    scenarios = _load_all(files)
    folders = [path.stem for path in files]
    if state is not None and len(set(folders)) < len(folders):
        raise BadInput("two of these files have the same name, and --state names a folder after each; run them apart")
    alone = len(scenarios) == 1
    if record and not alone:
        raise click.UsageError("--record takes one scenario at a time")
    done: list[tuple[replay.Report, float]] = []
    for loaded, folder in zip(scenarios, folders, strict=True):
        started = time.perf_counter()
        place = None if state is None else state if alone else state / folder
        with recording(record, loaded, seed, place) as tapes:
            witnesses: list[replay.Witness] = [*tapes, *(_watching(watches) if html or trace else [])]
            result = replay.run(loaded, seed=seed, state=place, witnesses=witnesses)
        done.append((result, time.perf_counter() - started))
        if verbose or (alone and not quiet) or not result.passed:
            click.echo(report.text(result, style()))
        else:
            click.echo("\n".join(report.verdict(result, style())))
    reports = [result for result, _ in done]
    if json_file:
        write_file(json_file, report.as_json(reports).encode())
    if junit:
        write_file(junit, report.as_junit(done))
    _write_watched(watches, html, trace)
    failed = sum(not result.passed for result in reports)
    if failed:
        raise Unmet(f"{failed} of {len(reports)} scenario{'s' if len(reports) > 1 else ''} failed")
    if not alone:
        click.echo(f"{len(reports)} scenarios passed")


def _watching(watches: list[Watch]) -> list[Watch]:
    """One more look at a run, for a report of it."""
    from firmware.bench.html.watch import Watch

    watches.append(Watch())
    return watches[-1:]


def _write_watched(watches: list[Watch], html: Path | None, trace: Path | None) -> None:
    seen = [watch.seen for watch in watches if watch.seen is not None]
    if html:
        from firmware.bench.html.run_view import as_html

        write_file(html, as_html(seen))
    if trace:
        from firmware.bench.html.perfetto import as_trace

        write_file(trace, as_trace(seen))


def _load_all(files: tuple[Path, ...]) -> list[Scenario]:
    """Every scenario, or the errors of every file that holds one."""
    from firmware.bench import scenario

    loaded, errors = [], []
    for path in files:
        try:
            loaded.append(scenario.load(path))
        except BadInput as error:
            errors.append(str(error))
    if errors:
        raise BadInput("\n".join(errors))
    return loaded


@click.command("platforms")
@JSON
def list_platforms(as_json: bool) -> None:
    """List the hardware targets, how each comes by its first certificate, and what the releases differ in.

    \b
    Example: ipsim platforms --json
    """
    import platforms
    from firmware.release import RELEASES

    found = [_platform_row(platforms.load(name)) for name in platforms.names()]
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for row in found:
        click.echo(f"{row['name']:<19} {row['title']}, from {row['since']}: default MAC {row['default_mac']}")
        for rule in row["policy"]:
            if rule["trigger"] in _FIRST_CERTIFICATES:
                click.echo(f"  {rule['trigger']:<30} {rule['outcome']:<28} {_span(rule)} [{rule['basis']}]")
    click.echo(f"\n{'release':<8} {'of':<15} {'identity for':<16} made in (IP500 V2)")
    for release in RELEASES:
        facts = [f"{show(fact['value'])} ({fact['basis'][0]})" for fact, show in _release_facts(release)]
        click.echo(f"{release.version:<8} {facts[0]:<15} {facts[1]:<16} {facts[2]}")
    click.echo("(d) documented, (i) inferred, (a) assumed; --json names the sources")


_FIRST_CERTIFICATES = ("first start-up", "ignition", "ignition with an imported CA")

_SHOWN: dict[str, Callable[[str], str]] = {
    "dated": str,
    "lifetime": lambda days: f"{days} days",
    "generation_time": str,
    "certificate_at_first_start": str,
}


def _span(rule: dict[str, Any]) -> str:
    since, before = rule["since"], rule["before"]
    words = (f"from {since}" if since else "", f"before {before}" if before else "")
    return " ".join(word for word in words if word) or "every release"


def _release_facts(release: Any) -> list[tuple[dict[str, str], Callable[[str], str]]]:
    return [(_fact(release, key), show) for key, show in _SHOWN.items()]


def _fact(release: Any, key: str) -> dict[str, str]:
    from firmware.times import show_duration

    value = getattr(release, key)
    text = show_duration(value.value) if key == "generation_time" else str(value.value)
    return {"value": text, "basis": value.basis.value, "source": value.source}


def _platform_row(platform: Any) -> dict[str, Any]:
    return {
        "name": platform.name,
        "title": platform.title,
        "since": platform.since,
        "default_mac": platform.default_mac,
        "releases": [
            {"version": release.version, **{key: _fact(release, key) for key in _SHOWN}}
            for release in platform.releases()
        ],
        "policy": [
            {
                "trigger": rule.trigger.value,
                "outcome": rule.outcome.value.value,
                "since": rule.since,
                "before": rule.before,
                "basis": rule.outcome.cite(),
            }
            for rule in platform.policy
        ],
    }


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
def diagram(platform: Any) -> None:
    """Print a platform's bring-up as a Mermaid state diagram, drawn from its table.

    \b
    Example: ipsim diagram ip500v2
    """
    click.echo(platform.bring_up.mermaid())


@click.command()
@JSON
def doctor(as_json: bool) -> None:
    """Check the installation: are all parts ours, the versions, free ports, write access.

    \b
    Example: ipsim doctor
    """
    from dataclasses import asdict

    from firmware.bench.doctor import examine

    findings = list(examine(Path.cwd()))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.well else 'BAD'}  {finding.what}")
    if not all(finding.well for finding in findings):
        raise Unmet("something is wrong with this installation")


COMMANDS = {command.name: command for command in (run, list_platforms, diagram, doctor)}
