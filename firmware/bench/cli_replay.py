"""The commands about recordings: go to a moment of one, compare two, make one a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import click

from firmware.bench.cli_options import JSON, say, style
from firmware.errors import Unmet

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--to", metavar="STEP|TIME|STATE", help="After a step (0: before the first), at a time (ISO), or where "
              "a unit enters a state for the first time.  [default: the end]")  # fmt: skip
@click.option("--break", "condition", metavar="EXPR", help="At the first event, after --to, with kind=…, source=…, or "
              "a field of its data: = equal, != not, ~ holds the text; a comma is an and.")  # fmt: skip
@click.option("--back", default=0, metavar="N", type=click.IntRange(0), help="So many events before that.")
@click.option("--state", type=FILE, metavar="DIR", help="Leave the units there as of that moment, without power.")
@JSON
def replay(file: Path, to: str | None, condition: str | None, back: int, state: Path | None, *, as_json: bool) -> None:
    """Go to a moment of a recording, forwards or backwards, and show the units as they were.

    The recorded steps are run again up to there: exit 1 when something else happens than was recorded.

    \b
    Example: ipsim replay a.jsonl --to running --back 3
    """
    from firmware.bench.recording import moments, reading, replaying, showing

    recording = reading.load(file)
    moment = moments.find(recording, to, condition, back)
    seen = replaying.go_to(recording, moment)
    places = replaying.keep(seen, state) if state is not None else []
    if as_json:
        click.echo(json.dumps(showing.moment(recording, moment, seen), ensure_ascii=False, indent=1))
    else:
        say(showing.show_moment(recording, moment, seen, style()))
        for place in places:
            say(f"left in {place}: ipsim show --state {place}")
    if seen.difference is not None:
        raise Unmet(f"{file}: run again, it is not what was recorded")


@click.command()
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
@JSON
def diff(one: Path, other: Path, *, as_json: bool) -> None:
    """Compare two recordings: the first event at which they part, and the flash blocks that differ in the end.

    Two seeds, releases, platforms, or versions of ipsim. Exit 0: every event and the flash are the same.

    \b
    Example: ipsim diff a.jsonl b.jsonl
    """
    from firmware.bench.recording import differing, reading, showing

    first, second = reading.load(one), reading.load(other)
    found = differing.difference(first, second)
    if as_json:
        click.echo(json.dumps(None if found is None else showing.difference(found), ensure_ascii=False, indent=1))
    else:
        for line in showing.heads(first, second):
            say(line)
        if found is None:
            say(f"equal: {len(first.events)} events, and the flash in the end")
        else:
            say("\n".join(showing.show_difference(found, (str(one), str(other)), style())))
    if found is not None:
        raise Unmet(f"{one} and {other} differ")


@click.command()
@click.argument("file", type=FILE)
def scenario(file: Path) -> None:
    """Print a recording as a scenario that ipsim run takes and that ends in the same flash.

    What no step of a scenario does, and a file that was sent and is not there, is a comment in it: exit 1.

    \b
    Example: ipsim scenario session.jsonl > session.yaml
    """
    from firmware.bench.recording import as_scenario, reading

    recording = reading.load(file)
    click.echo(as_scenario.text_of(recording), nl=False)
    if lacking := as_scenario.lacking(recording):
        raise Unmet("\n".join(f"{file}: {line}" for line in lacking))


COMMANDS = {command.name: command for command in (replay, diff, scenario)}
