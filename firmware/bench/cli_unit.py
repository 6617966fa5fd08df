"""The commands about one unit in its state directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from firmware.bench.cli_options import JSON, NEW_UNIT, QUIET, RECORD, STATE, Value, opened, say, teller
from firmware.errors import BadInput, Unmet


@click.command()
@click.argument("platform", type=Value("platform", "PLATFORM"))
@STATE
@NEW_UNIT
@click.option("--pull-plug", is_flag=True, help="End in a power cut instead of a planned shutdown.")
@RECORD
@QUIET
def boot(
    platform: Any,
    state: Path,
    release: str | None,
    mac: str | None,
    seed: int | None,
    clock: int | str | None,
    pull_plug: bool,
    record: Path | None,
    quiet: bool,
) -> None:
    """Start a unit, let it come up, and shut it down.

    The first call makes the unit in --state and is its first start-up; a later one is an ordinary start. Without
    --clock the first start takes the wall clock, a later one the unit's kept time plus the time gone by.

    \b
    Example: ipsim boot ip500v2 --state state/ip500v2 --seed 7
    """
    from firmware.bench import start
    from firmware.bench.orders import Order, open_unit
    from firmware.bench.outside import identity_of
    from firmware.bench.recording.tape import recorded

    order = Order(platform, release, mac, seed)
    directory, unit, is_new = open_unit(order, state, lambda: start.new(order, clock), teller(quiet=quiet))
    with directory:
        if not is_new:
            start.let_time_pass(unit, clock, directory.gone_by(), state)
        before = identity_of(unit)
        with recorded(record, unit, state, is_new=is_new) as world:
            reached = start.start(world, unit, pull_plug=pull_plug)
        directory.save(unit)
        after = identity_of(unit)
    if reached not in unit.platform.rests_in:
        raise Unmet(f"{state}: the unit stayed in {reached}; ipsim fsck --state {state} says what is wrong")
    if not quiet:
        say()
    if reached != start.RUNNING:
        say(f"it waits for its ignition: ipsim ignite {unit.platform.name} --state {state}")
        return
    if after is None:
        say("identity: none yet; this release makes it when it is first needed")
        return
    change = "kept" if before and before.der == after.der else "generated"
    say(f"identity {change}: SHA-256 {after.fingerprint}")
    say(f"look at it: ipsim cert --state {state} | openssl x509 -noout -text")


@click.command()
@STATE
@JSON
def show(state: Path, as_json: bool) -> None:
    """Show a unit: its releases, clock, identity with the basis of each field, configuration, cards, flash.

    \b
    Example: ipsim show --state state/ip500v2
    """
    from firmware.bench import summary

    with opened(state) as unit:
        found = summary.summarise(unit)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else summary.show(found))


@click.command()
@STATE
@click.option("--root", is_flag=True, help="The unit's root CA instead.")
@click.option("--telephony", is_flag=True, help="What SIP over TLS presents instead.")
@click.option("--der", is_flag=True, help="The one certificate as DER.")
@click.option(
    "--p12", type=click.Path(path_type=Path, dir_okay=False), help="Write certificate and key there, as PKCS#12."
)
@click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Its first line protects the file."
)
def cert(state: Path, root: bool, telephony: bool, der: bool, p12: Path | None, password_file: Path | None) -> None:
    """Print the unit's certificate with its chain as PEM, or export it with its key; the same of its root CA.

    \b
    Example: ipsim cert --state state/ip500v2 | openssl x509 -noout -text
    """
    from firmware.bench import export
    from firmware.bench.outside import authority_of, settings_of
    from firmware.security.certificates import Identity

    if (p12 is None) != (password_file is None):
        raise click.UsageError("--p12 and --password-file go together")
    if root + telephony > 1 or der + (p12 is not None) > 1:
        raise click.UsageError("give one of --root, --telephony, and one of --der, --p12")
    with opened(state) as unit:
        settings, authority = settings_of(unit), authority_of(unit)
        name = unit.name
    if root:
        if authority is None:
            raise BadInput(f"{state}: this {unit.platform.title} is no CA")
        found, shown = Identity(authority.key, authority.chain), [authority.root]
    else:
        if settings is None or settings.identity is None:
            raise BadInput(f"{state}: this unit holds no identity certificate yet")
        found = settings.telephony if telephony and settings.telephony else settings.identity
        shown = list(found.chain)
    if p12 is not None and password_file is not None:
        export.write_private(p12, export.pkcs12(found, name, export.read_password(password_file)))
        click.echo(f"certificate and key written to {p12}")
    elif der:
        click.echo(shown[0], nl=False)
    else:
        click.echo(export.pem_of(tuple(shown)).decode("ascii"), nl=False)


@click.command()
@STATE
@JSON
def fsck(state: Path, as_json: bool) -> None:
    """Check every store of a unit without changing a bit; exit 1 when something is found.

    \b
    Example: ipsim fsck --state state/ip500v2
    """
    from dataclasses import asdict

    from firmware.bench import fsck as checks

    with opened(state) as unit:
        findings = checks.check(unit)
        parts = ", ".join(unit.parts())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            click.echo(str(finding))
    if findings:
        raise Unmet(f"{state}: {len(findings)} finding{'s' if len(findings) > 1 else ''}")
    if not as_json:
        click.echo(f"{state}: {parts}: all sound")


COMMANDS = {command.name: command for command in (boot, show, cert, fsck)}
