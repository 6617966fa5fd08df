"""The command that cuts power at every moment of a scenario, any number of times, and says what comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware.bench.cli_options import Value, completions, style, write_file
from firmware.errors import BadInput, Unmet

if TYPE_CHECKING:
    from firmware.bench.sweep.job import Finding, Job
    from firmware.bench.sweep.plan import Plan
    from firmware.bench.sweep.report import Swept
    from firmware.bench.sweep.search import Limits

_FILE = click.Path(path_type=Path, dir_okay=False)
_DIRECTORY = click.Path(path_type=Path, file_okay=False)
_COUNT = click.IntRange(min=1)
_POWER_ON = "name: A returned unit is started\nunit: {{platform: {}, release: '{}'}}\nsteps: [power_on]\n"


class _Faults(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """Names of physical faults, comma between them; ``budget`` and ``all`` stand for several. A cut is always one."""

    name = "NAMES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from firmware.bench.sweep.plan import DEFAULT_FAULTS
        from firmware.bench.values import one_of
        from firmware.device.physics import BY_NAME

        several = {"budget": DEFAULT_FAULTS, "all": tuple(BY_NAME)}
        found: dict[str, None] = {"cut": None}
        for word in str(value).split(","):
            try:
                name = one_of(word.strip(), (*several, *BY_NAME), "fault")
            except ValueError as error:
                self.fail(str(error), param, ctx)
            found.update(dict.fromkeys(several.get(name, (name,))))
        return tuple(found)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from firmware.device.physics import BY_NAME

        before, comma, _ = incomplete.rpartition(",")
        return completions([f"{before}{comma}{name}" for name in ("budget", "all", *BY_NAME)], incomplete)


@click.command()
@click.argument("scenario", required=False, type=_FILE)
@click.option("--at", default="all", metavar="WHERE",
              help="First cuts: everywhere, in a state, or at operations: 45, 40-50, 3.1-9 (of step 3).")  # fmt: skip
@click.option(
    "--faults", type=_Faults(), help="Physical faults beside the cut: names, or budget, or all.  [default: budget]"
)
@click.option("--depth", type=_COUNT, help="So many cuts, each of the start after the one before.  [default: 1]")
@click.option("--prove", is_flag=True, help="Any number of cuts: until nothing new appears.")
@click.option("--raw", is_flag=True, help="With --prove: tell every image apart, merge nothing.")
@click.option("--states", type=_COUNT, metavar="N", help="Stop after so many states.")
@click.option(
    "--findings", type=_COUNT, default=20, show_default=True, metavar="N", help="Stop after so many findings."
)
@click.option("--jobs", type=_COUNT, default=1, show_default=True, metavar="N", help="So many processes.")
@click.option("--cluster", metavar="ADDRESS", help="The workers of a Dask scheduler.")
@click.option("--unit", metavar="NAME", help="Of a scenario with several units, this one.  [default: the first]")
@click.option("--seed", type=Value("seed", "N"), help="Instead of the scenario's own.")
@click.option(
    "--from", "images", type=_DIRECTORY, metavar="DIR", help="Begin with this unit's images; they stay as they are."
)
@click.option("--keep", type=_FILE, metavar="F", help="After Ctrl-C or --states: put the search aside in this file.")
@click.option("--resume", type=_FILE, metavar="F", help="Go on with a search that was put aside.")
@click.option(
    "--replay", "trail_id", metavar="ID", help="Carry out one finding's faults for real, and show everything."
)
@click.option("--blame", is_flag=True, help="Say from which moment on each finding was inevitable.")
@click.option("--shrink", is_flag=True, help="Make the first finding as small as it gets: faults, then steps.")
@click.option("--write-scenario", type=_FILE, metavar="F", help="Write the first finding as a scenario of its own.")
@click.option("--write-test", type=_FILE, metavar="F", help="Write the first finding as a pytest.")
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write the result as JSON.")
@click.option("--junit", type=_FILE, metavar="F", help="Write a JUnit file, a test case a finding.")
@click.option("--html", type=_FILE, metavar="F", help="Write the result as a report: one file, for any browser.")
def sweep(
    scenario: Path | None, at: str, faults: tuple[str, ...] | None, depth: int | None, prove: bool, raw: bool,
    states: int | None, findings: int, jobs: int, cluster: str | None, unit: str | None, seed: int | None,
    images: Path | None, keep: Path | None, resume: Path | None, trail_id: str | None, blame: bool, shrink: bool,
    write_scenario: Path | None, write_test: Path | None, json_file: Path | None, junit: Path | None,
    html: Path | None,
) -> None:  # fmt: skip
    """Cut power at every flash operation of a scenario, in every way flash can take it; exit 1 on a finding.

    The scenario runs once. From its flash operations follows every state that a cut can leave; from each that is new
    the unit is started, and judged: does it come up, is its identity whole, is all that was committed there?

    \b
    Example: ipsim sweep tests/scenarios/first_start.yaml
             ipsim sweep tests/scenarios/first_start.yaml --prove
             ipsim sweep --replay first_start-7887-9.12h
    """
    from firmware.bench.sweep.plan import DEFAULT_FAULTS, Plan
    from firmware.bench.sweep.search import Limits

    _require_fit(scenario, prove, raw, depth, images, trail_id, write_scenario, write_test)
    if trail_id and (useless := [name for name, value in {
        "--depth": depth, "--prove": prove, "--keep": keep, "--resume": resume, "--shrink": shrink, "--json": json_file,
        "--write-scenario": write_scenario, "--write-test": write_test, "--junit": junit, "--html": html,
    }.items() if value]):  # fmt: skip
        raise click.UsageError(f"--replay shows one finding; {', '.join(useless)} belong to a search")
    text, file = _scenario(scenario, images, trail_id)
    plan = Plan(file.name, text, str(file.parent), seed, unit, faults or DEFAULT_FAULTS, prove and not raw, at,
                str(images) if images else None)  # fmt: skip
    if trail_id:
        _replay(plan, trail_id, blame)
        return
    job = plan.job()
    swept = _search(plan, job, Limits(None if prove else depth or 1, states, findings), jobs, cluster, keep, resume)
    _show(swept, job, blame)
    _write(swept, json_file, junit, html)
    if swept.findings:
        _write_first(swept, shrink, write_scenario, write_test)
        raise Unmet(f"{len(swept.findings)} finding{'s' * (len(swept.findings) > 1)}")
    if swept.result.interrupted or swept.strikes.interrupted:
        raise click.exceptions.Exit(130)


def _require_fit(
    scenario: Path | None, prove: bool, raw: bool, depth: int | None, images: Path | None, trail_id: str | None,
    write_scenario: Path | None, write_test: Path | None,
) -> None:  # fmt: skip
    if prove and depth:
        raise click.UsageError("--prove covers any number of cuts: give no --depth with it")
    if raw and not prove:
        raise click.UsageError("--raw says how --prove tells states apart; without it every image counts by itself")
    if images and (write_scenario or write_test):
        raise click.UsageError("a finding from a directory's images cannot be written as a file of its own")
    if scenario is None and not images and not trail_id:
        raise click.UsageError("give a scenario, or --from DIR, or --replay ID")


def _scenario(scenario: Path | None, images: Path | None, trail_id: str | None) -> tuple[str, Path]:
    """The text of the scenario, and where it lies: as given, by an id, or the start of a unit from its images."""
    from firmware.bench.state import StateDirectory, holds_unit
    from firmware.bench.sweep import trails
    from firmware.bench.values import printable, read_text

    if scenario is None and trail_id and not images:
        scenario = trails.find(trails.read(trail_id)[0], Path.cwd())
    if scenario is not None:
        text = read_text(scenario, "a scenario")
        return text, scenario.with_name(printable(Path(scenario.name)))
    assert images is not None
    if not holds_unit(images):
        raise BadInput(f"{images}: holds no unit; give a state directory")
    with StateDirectory(images, exclusive=False) as directory:
        found = directory.load()
    return _POWER_ON.format(found.platform.name, found.ram.release or "12.3"), Path("returned.yaml")


def _search(
    plan: Plan, job: Job, limits: Limits, jobs: int, cluster: str | None, keep: Path | None, resume: Path | None
) -> Swept:
    from firmware.bench.sweep import checkpoint, executors, live, progress
    from firmware.bench.sweep.report import Swept
    from firmware.bench.sweep.search import State, search

    state = checkpoint.load(resume, plan, job) if resume else State()
    with progress.shown() as tell, executors.crew(plan, job, jobs=jobs, cluster=cluster) as crew:
        result = search(job, limits, tell, state=state, crew=crew)
    if keep and (state.frontier or state.following):
        checkpoint.save(keep, plan, state)
        click.echo(f"put aside: --resume {keep} goes on", err=True)
    if result.interrupted:
        return Swept(plan, result)
    with progress.shown() as tell:
        return Swept(plan, result, live.strike(job, tell, findings=limits.findings))


def _show(swept: Swept, job: Job, blame: bool) -> None:
    from firmware.bench.sweep import blame as blaming
    from firmware.bench.sweep import report

    click.echo(report.text(swept, style()))
    if blame:
        for finding in swept.result.findings:
            click.echo(f"{report.finding_id(swept.plan, finding)}  {blaming.blame(job, finding).text}")


def _write(swept: Swept, json_file: Path | None, junit: Path | None, html: Path | None) -> None:
    from firmware.bench.sweep import report

    if json_file:
        write_file(json_file, report.as_json(swept).encode())
    if junit:
        write_file(junit, report.as_junit(swept))
    if html:
        from firmware.bench.html.sweep_view import as_html

        write_file(html, as_html(swept))


def _write_first(swept: Swept, shrink: bool, write_scenario: Path | None, write_test: Path | None) -> None:
    from firmware.bench.sweep import export, report
    from firmware.bench.sweep import shrink as shrinking

    if not (shrink or write_scenario or write_test):
        return
    if not swept.result.findings:
        raise BadInput("a fault of flash that fails while it works is not shrunk; --replay shows it")
    plan, finding = swept.plan, swept.result.findings[0]
    if shrink:
        finding = shrinking.simplest(plan, finding)
        click.echo(f"simplest: {report.finding_id(plan, finding)}  {report.story(finding)}")
        if write_scenario or write_test:
            plan, finding = shrinking.shrunk(plan, finding)
    if write_scenario:
        write_file(write_scenario, export.as_scenario(plan, finding).encode())
    if write_test:
        write_file(write_test, export.as_pytest(plan, finding).encode())


def _replay(plan: Plan, trail_id: str, blame: bool) -> None:
    from firmware.bench.sweep import blame as blaming
    from firmware.bench.sweep import live, replaying, trails
    from firmware.bench.sweep.crashes import LIVE

    name, faults = trails.read(trail_id)
    if name != plan.name:
        raise BadInput(f"{trail_id}: is of another scenario, another text of it, or another --seed, --unit or --from; "
                       f"these here are {plan.name}-…")  # fmt: skip
    finding: Finding | None
    if faults[0].form in LIVE:
        if len(faults) > 1:
            raise BadInput(f"{trail_id}: nothing follows a fault of flash that fails while it works")
        job = replace(plan, faults=(faults[0].form.fault,)).job()
        finding = live.follow(job, faults[0])
        click.echo(f"{finding.checker}: {finding.text}" if finding else "no finding")
    else:
        replayed = replaying.replay(plan, faults)
        click.echo(replayed.text(style()))
        finding = replayed.finding
        if finding and blame:
            click.echo(blaming.blame(plan.job(), finding).text)
        if not replayed.agrees:
            raise Unmet(f"{trail_id}: the search says otherwise; please report it, with the scenario")
    if finding:
        raise Unmet(f"{trail_id}: {finding.checker}: {finding.text}")


COMMANDS = {command.name: command for command in (sweep,)}
