"""What a unit is known by after a start: the facts that a power cut must leave old or new, and what was promised."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from firmware.appliance import NVM, Appliance
from firmware.boot.choose_firmware import original_level
from firmware.errors import StorageError
from firmware.security import reading
from firmware.security.certificates import Identity
from firmware.security.settings import RECORD as SECURITY
from firmware.storage.nvm import CopyState, RecordStore
from ignition import disk, settings
from ignition.sessions import Desk
from ignition.wizard import GROUP


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a start reads back. ``read`` gives a value that is equal when it means the same."""

    name: str
    about: str
    read: Callable[[Appliance], Hashable]


def _state(unit: Appliance) -> Hashable:
    return "the wizard" if unit.state.startswith(GROUP) else unit.state


def meaning(identity: Identity | None) -> Hashable:
    """An identity but for its dates and what follows from them: a resumed start may make it later."""
    return identity and (identity.key.der, len(identity.chain), reading.alternative_names(identity.der))


def _security(unit: Appliance) -> Hashable:
    found = unit.ram.settings
    return found and (
        found.generation, meaning(found.identity), found.origin, found.services, found.users, found.offers_chain,
        found.written_by, meaning(found.telephony), found.renews, found.management_check, found.telephony_check,
        found.request, found.membership,
    )  # fmt: skip


def _trusted(unit: Appliance) -> Hashable:
    return unit.ram.settings and unit.ram.settings.trusted


def _level(unit: Appliance) -> Hashable:
    found = original_level(unit) if unit.internal.name == NVM else None
    return found and found.version


def _software(unit: Appliance) -> Hashable:
    return (unit.ram.release and unit.ram.release.version, unit.ram.place)


def _fitness(unit: Appliance) -> Hashable:
    """What is wrong with the identity, but for the dates and names in the text."""
    with suppress(StorageError):
        return tuple(sorted(" ".join(text.split()[:2]) for text in unit.platform.objections(unit)))
    return ()


def _answers(unit: Appliance) -> Hashable:
    return unit.ram.wizard.answers.pages if isinstance(unit.ram.wizard, Desk) else None


def _announced(unit: Appliance) -> Hashable:
    return unit.ram.wizard.answers.announced if isinstance(unit.ram.wizard, Desk) else None


def _accounts(unit: Appliance) -> Hashable:
    if unit.internal.name != disk.STORAGE.name or unit.ram.server is None:
        return None
    return tuple(sorted(settings.accounts(unit).items()))


def _server(unit: Appliance) -> Hashable:
    return (unit.platform.name, unit.ram.host_name, unit.ram.server)


FACTS: tuple[Fact, ...] = (
    Fact("state", "where a start comes to rest", _state),
    Fact("software", "the release that runs, and where it was found", _software),
    Fact("level", "the original software level", _level),
    Fact("security", "generation, identity, service users and levels, checks, requests", _security),
    Fact("trusted", "the trusted certificate store", _trusted),
    Fact("authority", "the root CA", lambda unit: unit.ram.authority),
    Fact("configuration", "what an administrator has set", lambda unit: unit.ram.configuration),
    Fact("server", "what a Linux server is set up as", _server),
    Fact("accounts", "the Linux accounts with their passwords", _accounts),
    Fact("answers", "what the wizard was told", _answers),
    Fact("announced", "the CA that the wizard has shown", _announced),
    Fact("fitness", "what a client that validates would object to", _fitness),
)
NUMBER = {fact.name: n for n, fact in enumerate(FACTS)}

# What a start comes by itself, whatever was kept.
OF_A_START = frozenset(NUMBER[name] for name in ("state", "software", "fitness"))

# What changes together or not at all: a server is set up, or its wizard waits with the answers that it was given.
TOGETHER = tuple(NUMBER[name] for name in ("state", "server", "accounts", "answers"))

Facts = tuple[Hashable, ...]
UNREADABLE: Facts = ("unreadable",) * len(FACTS)


def facts_of(unit: Appliance) -> Facts:
    """Every fact, in the order of the table."""
    return tuple([fact.read(unit) for fact in FACTS])


DEFAULTED = "security.defaulted"
INSTALLED = "system.installed"  # until then there may be no system at all
_RUN = 32  # bytes of a sealed record that nothing else holds by chance


def sealed_runs(unit: Appliance) -> tuple[bytes, ...]:
    """Something of each page of the sealed security settings as they lie in a unit's NVM; nothing of a disk's, whose
    file system leaves old contents in free blocks."""
    if not isinstance(unit.records, RecordStore):
        return ()
    sealed = b""
    with suppress(StorageError):
        sealed = unit.records.read(SECURITY) or b""
    return tuple(sealed[at : at + _RUN] for at in range(0, len(sealed) - _RUN + 1, unit.internal.geometry.program_unit))


def has_lost(unit: Appliance) -> bool:
    """Whether both copies of a record of the NVM are damaged, which is beyond the fault budget from the beginning."""
    records = unit.records
    if not isinstance(records, RecordStore):
        return False
    with unit.rail.fed_by_bench():
        states = [{copy.state for copy in records.copies(name)} for name in records.names()]
    return {CopyState.DAMAGED} in states


# Once the journal has said this, the new value counts, and no other: what is done is there. Kind -> facts.
PROMISES: Mapping[str, tuple[str, ...]] = {
    "level.fixed": ("level",),
    "firmware.upgraded": (),
    "certificate.generated": ("security", "trusted"),
    "certificate.installed": ("security",),
    "certificate.deleted": ("security",),
    DEFAULTED: ("security", "trusted"),
    "security.changed": ("security",),
    "service.level": ("security",),
    "trust.changed": ("trusted",),
    "request.made": ("security",),
    "configuration.saved": ("configuration",),
    "authority.kept": ("authority",),
    "ignition.saved": ("answers",),
    "ignition.done": tuple(fact.name for fact in FACTS),
}
