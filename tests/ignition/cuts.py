"""What must hold of a Linux server after a power cut in its wizard, in Apply, or in what an administrator does."""

from __future__ import annotations

import pytest

from firmware.appliance import Appliance
from firmware.bench.outside import probe
from firmware.errors import NotNow
from firmware.security import reading
from firmware.security.settings import Origin
from firmware.times import DAY
from ignition import disk, wizard
from ignition.answers import Answers
from ignition.sessions import desk
from tests.boot.units import images, overprograms, since_power_on, start_again
from tests.ignition.units import Choices, answers_of, authority_of, finish, ignited, kept, settings_of

WIZARD, RUNNING = "ignition.login", "running"


def disk_label(unit: Appliance) -> bytes | None:
    """The label of the further disk, if there is one with a label."""
    card = unit.slots[disk.SECOND_DISK].card if disk.SECOND_DISK in unit.slots else None
    with probe(unit):
        return disk.label_of(card.part) if card else None


def check_whole(unit: Appliance, where: object) -> None:
    """Key, certificate and CA belong together; the chain leads from an identity that was made here to the CA on the
    disk, or to the certificate that this CA had before it was renewed."""
    identity, ca = settings_of(unit).identity, authority_of(unit)
    assert identity is not None, where
    assert identity == unit.ram.identity, where
    assert identity.is_whole(), where
    assert (ca is None) == (unit.platform.root_profile is None), where
    is_made_here = settings_of(unit).origin is Origin.MADE
    if ca is None and is_made_here:
        assert len(identity.chain) == 1, where
        return
    assert ca is None or ca.is_whole(), where
    if ca is not None and is_made_here:
        assert reading.public_key_of(identity.chain[1]) == ca.key.public_der, where
    for der, issuer in zip(identity.chain, (*identity.chain[1:], identity.chain[-1]), strict=True):
        reading.load(der).verify_directly_issued_by(reading.load(issuer))


def check_settled(unit: Appliance, where: object) -> None:
    """Another start changes nothing, and the wizard stays closed."""
    before, found = images(unit), kept(unit)
    start_again(unit)
    assert unit.state == RUNNING, where
    assert not since_power_on(unit, "certificate.generating", "certificate.generated", "ignition.resumed", "alarm"), (
        where
    )
    assert images(unit) == before, where
    assert kept(unit) == found, where
    assert overprograms(unit) == 0, where
    with pytest.raises(NotNow, match="the wizard is closed"):
        wizard.log_in(unit, "Administrator", "Administrator", "again")


def check_ignited(unit: Appliance, kind: str, where: object) -> None:
    """All that "done" promises, exactly as an uncut Apply of the same plan makes it; the answers are gone."""
    uncut = ignited(kind)
    assert unit.state == RUNNING, where
    found, wanted = kept(unit), kept(uncut)
    assert found["done"] is not None, where
    assert found["answers"] is None, where
    for record in wanted:
        assert found[record] == wanted[record], (where, record)
    assert disk_label(unit) == disk_label(uncut), where
    assert unit.ram.identity == uncut.ram.identity, where
    assert (unit.ram.settings, unit.ram.authority) == (uncut.ram.settings, uncut.ram.authority), where
    assert (unit.ram.server, unit.ram.host_name) == (uncut.ram.server, uncut.ram.host_name), where
    assert unit.platform is uncut.platform, where
    since = unit.clock.read(), uncut.clock.read()
    assert None not in since, where
    assert (since[0] or 0) - unit.clock.now == (since[1] or 0) - uncut.clock.now, where
    check_whole(unit, where)


def recover(crashed: Appliance) -> Appliance:
    return start_again(crashed, after=DAY)


def check_apply(crashed: Appliance, kind: str, before: Answers, where: object) -> Appliance:
    """A cut in Apply: the wizard with every answer, or all of it done; the plan on the disk decides which."""
    planned = answers_of(crashed).plan is not None
    with probe(crashed):
        done = disk.mark_of(crashed) is not None
    unit = recover(crashed)
    if planned or done:
        check_ignited(unit, kind, where)
        check_settled(unit, where)
    else:
        assert unit.state == WIZARD, where
        assert desk(unit).answers == answers_of(unit) == before, where
        assert unit.ram.identity is None, where
        assert kept(unit)["security"] is None, where
    return unit


def check_page(crashed: Appliance, before: Answers, after: Answers, where: object) -> Appliance:
    """A cut while a page is saved: the wizard, with this page old or new and every other as it was."""
    unit = recover(crashed)
    assert unit.state == WIZARD, where
    found = desk(unit).answers
    assert found == answers_of(unit), where
    assert found.pages in (before.pages, after.pages), where
    assert found.announced in (before.announced, after.announced), where
    assert found.announced == before.announced or found.pages == after.pages, where
    assert found.plan is None, where
    assert overprograms(unit) == 0, where
    return unit


def check_finishes(unit: Appliance, kind: str, choices: Choices, where: object) -> None:
    """From the wizard to the end: one CA, one identity, the first of their kind."""
    finish(unit, choices)
    assert unit.state == RUNNING, where
    assert settings_of(unit).generation == 1, where
    check_whole(unit, where)
    check_settled(unit, where)
