"""Every policy row of every platform flipped in turn: the check of the rules names cells of that trigger, and no other.

The matrix is written from the documents and not from the rows, so that a row which is changed is seen from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import platforms
from firmware.basis import assumed
from firmware.bench.rules import triggers
from firmware.bench.rules.check import Status
from firmware.platform import Platform
from firmware.security.policy import Outcome, Rule, Trigger
from tests.rules.support import cells, checked

FLIPPED = {
    Outcome.KEEP: Outcome.GENERATE,
    Outcome.GENERATE: Outcome.KEEP,
    Outcome.WHEN_NEEDED: Outcome.KEEP,
    Outcome.INSTALL: Outcome.KEEP,
    Outcome.RENEW: Outcome.KEEP,
}

# The triggers of the matrix that a policy's trigger has a part in.
UPGRADES = {
    "upgrade", "upgrade_to_newest", "upgrade_to_other_lifetime", "upgrade_then_expiry", "upgrade_uncertified",
    "upgrade_one_uncertified",
}  # fmt: skip
RESTARTS = UPGRADES | {
    "power_cycle", "reboot", "configuration_default", "configuration_default_after_address", "configuration_restored",
    "address_then_off", "card_moved_in", "card_moved_out", "nvm_kept", "host_power_cycle", "host_reboot",
    "ca_renewed_meanwhile", "ca_created_meanwhile", "supplied_then_off", "near_expiry", "expired", "expired_while_off",
    "clock_corrected_past_expiry", "clock_stepped_back_then_off",
}  # fmt: skip
BY_HAND = {
    "lan1_address_by_hand", "lan2_address_by_hand", "sip_domain_by_hand", "sip_fqdn_by_hand", "host_name_by_hand",
}  # fmt: skip
CHANGES = {
    "lan1_address", "lan2_address", "sip_domain", "sip_fqdn", "address_twice", "address_there_and_back",
    "address_then_off", "address_cut_short", "joined_with_address", "configuration_default_after_address",
    "configuration_restored",
}  # fmt: skip
SET = {
    "identity_of_primary", "identity_of_third_party", "identity_of_third_party_pem", "identity_all_telephony",
    "identity_set_then_off", "joined_then_issued", "third_partys_address", "third_partys_ca_created",
}  # fmt: skip
FAMILIES: dict[Trigger, set[str]] = {
    Trigger.FIRST_START: {
        "first_start", "first_start_cut_short", "control_unit_replaced", "nvm_of_another", "upgrade_uncertified",
        "upgrade_one_uncertified", "service_secured_cut_short",
    },
    Trigger.RESTART: RESTARTS,
    Trigger.SECURITY_DEFAULT: {
        "security_default_manager", "security_default_web", "security_default_serial", "security_default_bootloader",
        "security_default_uncertified", "security_default_twice", "security_default_cut_short",
        "security_default_then_ca_renewed", "third_partys_security_default", "upgrade_then_security_default",
    },
    Trigger.CONFIGURATION_DEFAULT: {"configuration_default", "configuration_default_after_address"},
    Trigger.CONFIGURATION_RESTORED: {"configuration_restored"},
    Trigger.DELETED: {
        "certificate_deleted", "certificate_deleted_unneeded", "certificate_deleted_then_needed",
        "certificate_deleted_then_off",
    },
    Trigger.ADDRESS_CHANGE: CHANGES,
    Trigger.NAME_CHANGE: {"host_name", "rename_then_ca_renewed"},
    Trigger.CHANGE_BY_HAND: BY_HAND,
    Trigger.SERVICE_SECURED: {"service_secured", "service_secured_cut_short", "first_start_cut_short"},
    Trigger.UPGRADE: UPGRADES,
    Trigger.CLOCK_CORRECTED: {
        "clock_corrected", "clock_corrected_past_expiry", "clock_stepped_back", "clock_stepped_back_then_off",
    },
    Trigger.IGNITION: {"ignition", "ignition_cut_short"},
    Trigger.CA_IMPORTED: {"ignition_import"},
    Trigger.JOINED: {"joined", "joined_with_address"},
    Trigger.CA_RENEWED: {"ca_renewed", "ca_renewed_twice"},
    Trigger.CA_CREATED: {"ca_created", "ca_created_cut_short"},
    Trigger.CA_REPLACED: {"ca_imported"},
    Trigger.REINSTALL: {"reinstall_and_ignition"},
    Trigger.IDENTITY_SET: SET,
    Trigger.REQUEST_ANSWERED: {"request_answered", "request_answered_after_restart", "request_answered_twice"},
    Trigger.ENROLLED: {"enrolled", "enrolled_address", "enrolment_approved", "enrolment_renewed", "second_manager"},
    Trigger.ENROLMENT_DUE: {"enrolment_renewed", "supply_updated"},
    Trigger.SUPPLIED: {"supplied", "supplied_address", "supply_updated", "supply_ended"},
    Trigger.NEAR_EXPIRY: {"near_expiry", "expired"},
    Trigger.EXPIRED: {"expired", "expired_while_off", "clock_corrected_past_expiry"},
}  # fmt: skip

# Where a certificate bears no names, each start would find that they are not the unit's, if that counted.
UNNAMED = {Trigger.ADDRESS_CHANGE: RESTARTS | BY_HAND, Trigger.NAME_CHANGE: RESTARTS | BY_HAND}

# A unit of a release with an identity from the first start on never asks this rule, unless a flipped row has left it
# without one.
NEVER_ASKED = Rule(Trigger.SERVICE_SECURED, assumed(Outcome.KEEP))


@dataclass(frozen=True)
class Mutant:
    """A platform with one row flipped."""

    platform: str
    index: int

    def __str__(self) -> str:
        return f"{self.platform} {self.rule.trigger.name} {self.rule.outcome.value.name} {self.rule.since or ''}"

    @property
    def rule(self) -> Rule:
        return platforms.load(self.platform).policy[self.index]

    @property
    def family(self) -> set[str]:
        is_named = bool(platforms.load(self.platform).profile.san.value)
        return FAMILIES[self.rule.trigger] | (set() if is_named else UNNAMED.get(self.rule.trigger, set()))

    @property
    def release(self) -> str:
        """The last to which the row applies and from which there is one to upgrade to."""
        known = platforms.load(self.platform).releases()[:-1]
        return str([release for release in known if self.rule.applies(self.rule.trigger, release)][-1])

    def flipped(self) -> Platform:
        true, rule = platforms.load(self.platform), self.rule
        other = replace(rule, outcome=assumed(FLIPPED[rule.outcome.value]))
        policy = (*true.policy[: self.index], other, *true.policy[self.index + 1 :], NEVER_ASKED)
        kin = true.kin()
        if not kin:
            return replace(true, policy=policy)

        def flipped_kin() -> tuple[Platform, ...]:
            return tuple(made if kind.name == self.platform else kind for kind in kin)

        made = replace(true, policy=policy, kin=flipped_kin)
        return made


def _mutants() -> Iterator[Mutant]:
    for name in platforms.names():
        for index, _ in enumerate(platforms.load(name).policy):
            yield Mutant(name, index)


MUTANTS = list(_mutants())
# One that boots and one that is ignited: their rows are those of the others, but for what is the slow test's to see.
QUICK = [mutant for mutant in MUTANTS if mutant.platform in ("ip500v2", "primary")]


def failing(mutant: Mutant, names: set[str], folder: Path, patch: pytest.MonkeyPatch) -> set[str]:
    """The triggers of the cells that do not hold."""
    flipped, load = mutant.flipped(), platforms.load
    patch.setattr(platforms, "load", lambda name: flipped if name == mutant.platform else load(name))
    found = checked(cells(flipped, mutant.release, sorted(names)), folder)
    return {result.cell.trigger for result in found if result.status is Status.FAILED}


@pytest.mark.parametrize("mutant", QUICK, ids=str)
def test_the_cells_of_its_trigger_notice(mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(mutant, mutant.family, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_they_alone_notice(mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = failing(mutant, set(triggers.table().triggers), tmp_path, monkeypatch)
    assert named
    assert named <= mutant.family


def test_every_trigger_has_a_family() -> None:
    assert set(FAMILIES) == set(Trigger)
    assert set().union(*FAMILIES.values(), *UNNAMED.values()) <= set(triggers.table().triggers)
