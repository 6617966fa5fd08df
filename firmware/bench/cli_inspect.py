"""The command that judges a certificate – from a file or a TLS peer – by what a platform and release make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from firmware.bench.cli_options import JSON, Value
from firmware.errors import Unmet


@click.command()
@click.argument("target")
@click.option("--platform", type=Value("platform", "P"), help="What made it; left out: the platform that fits best.")
@click.option("--release", type=Value("release", "R"), help="Its release; left out: those that fit best.")
@click.option("--role", type=click.Choice(["identity", "root", "temporary"]), help="What the platform uses it as: its "
              "identity, its root CA (the last certificate there), or what it shows before its ignition; left out: the "
              "identity of one platform and release, else what fits best.")  # fmt: skip
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Its first line opens PKCS#12.")
@click.option("--name", type=Value("host_name", "N"), help="The host name to ask a peer for.  [default: HOST]")
@JSON
def inspect(
    target: str, platform: Any, release: str | None, role: str | None, password_file: Path | None, name: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare a certificate with what a platform and release make; TARGET is a file (PEM, DER, PKCS#12) or HOST:PORT.

    Nothing needs to be trusted: what a peer presents is judged, not verified. Exit 1 when a documented field differs.

    \b
    Example: ipsim inspect 127.0.0.1:7071 --platform primary
    """
    import time

    from firmware.bench import inspection, inspection_report, inspection_target

    chain = inspection_target.read(target, password_file, name)
    asked = inspection.Role(role) if role else None
    own = len(chain) - 1 if asked is inspection.Role.ROOT else 0
    judged = inspection.search(chain[own:], platform, release, asked, time.time_ns() // 1_000_000)
    found = inspection_report.summarise(target, chain, own, inspection.grouped(judged))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        click.echo(inspection_report.show(found, is_one=bool(platform and release)))
    if judged[0].rank[0]:
        raise Unmet(found["verdict"])
    if not as_json:
        click.echo(found["verdict"])


COMMANDS = {"inspect": inspect}
