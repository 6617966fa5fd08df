"""The command that prints what editors and programs check files with."""

from __future__ import annotations

import json
from typing import Any

import click


class _Name(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """One of the schemas' names."""

    name = "WHAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from firmware.bench.schema.table import SCHEMAS
        from firmware.bench.values import one_of

        try:
            return one_of(value, tuple(SCHEMAS), "schema")
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from firmware.bench.cli_options import completions
        from firmware.bench.schema.table import SCHEMAS

        return completions(SCHEMAS, incomplete)


@click.command()
@click.argument("what", type=_Name(), default="scenario")
def schema(what: str) -> None:
    """Print a JSON Schema (draft 2020-12): of scenario files, of answers files, or of a command's --json output.

    WHAT is scenario, answers, or a command that has --json.

    \b
    Example: ipsim schema > scenario.schema.json
    """
    from firmware.bench.schema.table import SCHEMAS

    click.echo(json.dumps(SCHEMAS[what](), ensure_ascii=False, indent=1))


COMMANDS = {"schema": schema}
