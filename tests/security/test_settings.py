"""The security settings: whole or not at all, for one unit only, and sealed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.entropy import Entropy
from firmware.device.faults import Cut, Moment, Torn
from firmware.device.flash import FlashPart, Geometry
from firmware.device.power import Rail
from firmware.errors import Full, PowerCut
from firmware.release import BY_VERSION, RELEASES, Release
from firmware.security import factory as factory_certificates
from firmware.security.certificates import Identity
from firmware.security.keys import KeyKind
from firmware.security.sealed import Held, SealedRecords
from firmware.security.settings import (
    RECORD,
    Check,
    Membership,
    Origin,
    SecuritySettings,
    ServiceUser,
    SigningRequest,
    Vault,
    factory,
)
from firmware.storage.nvm import RecordStore
from tests.security.specimen import UNIT, changed, issue

FOREIGN = (Held.FOREIGN, None, False)
IDENTITY, SECOND = issue(), issue(number=2)
ELLIPTIC = issue(changed("key", KeyKind.P_256))
OLD = replace(factory(BY_VERSION["12.3"]), generation=1, identity=IDENTITY)
NEW = replace(OLD, generation=2, identity=SECOND, trusted=(IDENTITY.der,))


class Unit:
    """An NVM with nothing but the security settings: two slots of five blocks, or more where more is to go in."""

    def __init__(self, *committed: SecuritySettings, blocks: int = 5) -> None:
        self.part = FlashPart("nvm", Geometry(program_unit=256, block_size=1024, blocks=2 * blocks), Rail())
        self.part.rail.on = True
        self.store = RecordStore(self.part, {RECORD: blocks})
        self.vault = self.of(UNIT)
        for settings in committed:
            self.vault.commit(settings)

    def of(self, entropy: Entropy) -> Vault:
        """What other hardware makes of this NVM."""
        return Vault(SealedRecords(self.store, entropy))

    def sealed(self) -> bytes:
        data = self.store.read(RECORD)
        assert data is not None
        return data

    def planted(self, data: bytes, sequence: int = 1) -> Unit:
        """A unit whose NVM holds ``data`` under ``sequence``, in two copies that no checksum objects to."""
        other = Unit()
        for _ in range(sequence):
            other.store.replace(RECORD, data)
        return other


# What is committed is what is loaded.

texts = st.text(st.characters(codec="utf-8"), max_size=40)
keys = st.sampled_from([IDENTITY.key, ELLIPTIC.key])
ders = st.binary(max_size=100)
identities = st.sampled_from([None, IDENTITY, ELLIPTIC, Identity(IDENTITY.key, (IDENTITY.der, ELLIPTIC.der))])
checks = st.builds(Check, texts, texts)
settings = st.builds(
    SecuritySettings,
    generation=st.integers(0, 2**32 - 1),
    identity=identities,
    origin=st.sampled_from(Origin),
    telephony=identities,
    renews=st.booleans(),
    offers_chain=st.booleans(),
    written_by=texts,
    management_check=checks,
    telephony_check=checks,
    request=st.none() | st.builds(SigningRequest, keys, st.binary(min_size=1, max_size=100)),
    membership=st.none()
    | st.builds(
        Membership, texts.filter(bool), st.lists(ders, max_size=3).map(tuple), st.none() | keys, ders, st.booleans()
    ),
    trusted=st.lists(st.binary(max_size=100), max_size=3).map(tuple),
    services=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    users=st.lists(st.builds(ServiceUser, texts, st.binary(max_size=32), st.booleans()), max_size=3).map(tuple),
)


@given(settings, settings)
def test_what_is_committed_is_loaded(first: SecuritySettings, second: SecuritySettings) -> None:
    unit = Unit(blocks=20)
    for committed in (first, second):
        unit.vault.commit(committed)
        assert unit.vault.peek() == (Held.PRESENT, committed)
        assert unit.of(UNIT).load() == (Held.PRESENT, committed, False)


def test_settings_that_do_not_fit_change_nothing() -> None:
    unit = Unit(OLD)
    with pytest.raises(Full):
        unit.vault.commit(replace(OLD, trusted=(bytes(5000),)))
    assert unit.vault.load() == (Held.PRESENT, OLD, False)


def test_a_vault_moves_to_another_store() -> None:
    moved = SealedRecords(Unit().store, UNIT).on(Unit(OLD).store)
    assert Vault(moved).load() == (Held.PRESENT, OLD, False)


# What else may be found.


def test_a_new_nvm_is_empty() -> None:
    unit = Unit()
    assert unit.vault.load() == (Held.EMPTY, None, False)
    assert unit.vault.peek() == (Held.EMPTY, None)


@pytest.mark.parametrize("other", [Entropy(1, "00e00705918f"), Entropy(2, "00e00705918e")])
def test_another_units_settings_are_foreign(other: Entropy) -> None:
    unit = Unit(OLD)
    assert unit.of(other).load() == FOREIGN
    assert unit.of(other).peek() == (Held.FOREIGN, None)
    assert unit.vault.load() == (Held.PRESENT, OLD, False)  # and nothing was done to them


def test_settings_under_another_sequence_number_are_foreign() -> None:
    unit = Unit(OLD, NEW)
    held = {n: unit.planted(unit.sealed(), sequence=n).vault.load() for n in (1, 2, 3)}
    assert held == {1: FOREIGN, 2: (Held.PRESENT, NEW, False), 3: FOREIGN}


def test_any_changed_byte_behind_a_good_checksum_is_foreign() -> None:
    unit = Unit(OLD)
    data = unit.sealed()
    assert unit.planted(data).vault.load() == (Held.PRESENT, OLD, False)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        assert unit.planted(changed).vault.load() == FOREIGN


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 100])
def test_settings_cut_short_behind_a_good_checksum_are_foreign(length: int) -> None:
    unit = Unit(OLD)
    assert unit.planted(unit.sealed()[:length]).vault.load() == FOREIGN


@pytest.mark.parametrize("slots", [(0,), (1,), (0, 1)])
def test_one_damaged_copy_is_mended_and_two_are_damage(slots: tuple[int, ...]) -> None:
    unit = Unit(OLD)
    for slot in slots:
        unit.part.overwrite(5 * slot, bytes(1024))
    if len(slots) == 2:
        assert unit.vault.peek() == (Held.DAMAGED, None)
        assert unit.vault.load() == (Held.DAMAGED, None, False)
    else:
        assert unit.vault.peek() == (Held.PRESENT, OLD)
        assert unit.vault.load() == (Held.PRESENT, OLD, True)
        assert unit.vault.load() == (Held.PRESENT, OLD, False)


@pytest.mark.parametrize("identity", [Identity(SECOND.key, IDENTITY.chain), Identity(IDENTITY.key, (b"0",))])
def test_a_key_that_is_not_its_certificates_is_never_used(identity: Identity) -> None:
    assert Unit(OLD, replace(OLD, identity=identity)).vault.load() == (Held.DAMAGED, None, False)
    assert Unit(OLD, replace(OLD, telephony=identity), blocks=8).vault.load() == (Held.DAMAGED, None, False)


# Sealed.


@pytest.mark.parametrize("identity", [IDENTITY, ELLIPTIC])
def test_the_nvm_shows_neither_key_nor_users(identity: Identity) -> None:
    private = identity.key.private
    numbers = (
        [private.private_numbers().d, private.private_numbers().p, private.private_numbers().q]
        if isinstance(private, rsa.RSAPrivateKey)
        else [private.private_numbers().private_value]
    )
    secrets = [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in numbers]
    assert all(secret in identity.key.der for secret in secrets)  # this is how they would be found
    names = [user.name.encode() for user in OLD.users]
    flash = b"".join(Unit(replace(OLD, identity=identity)).part.image())
    assert flash.count(b"NVMR") == 2
    for secret in (*secrets, *names, identity.der[100:120], b"PRIVATE"):
        assert secret not in flash
        assert secret[:8] not in flash


def test_nothing_shows_a_key_or_a_password_in_words() -> None:
    text = repr(replace(OLD, users=(ServiceUser("Administrator", b"digest"),)))
    assert "digest" not in text
    assert repr(IDENTITY.key.der)[2:40] not in text
    assert "KeyPair(…)" in text


# Power cuts.

WAYS = [
    (Moment.BEFORE, Torn.HALF),
    (Moment.AFTER, Torn.HALF),
    *((Moment.INSIDE, torn) for torn in Torn),
]


def operations_of_a_commit(*before: SecuritySettings) -> int:
    unit = Unit(*before)
    done = unit.part.rail.operations
    unit.vault.commit(NEW)
    return unit.part.rail.operations - done


@pytest.mark.parametrize(("moment", "torn"), WAYS)
@pytest.mark.parametrize("before", [(), (OLD,)], ids=["first commit", "later commit"])
def test_a_power_cut_leaves_the_old_or_the_new_settings_whole(
    before: tuple[SecuritySettings, ...], moment: Moment, torn: Torn
) -> None:
    new = (Held.PRESENT, NEW)
    old = Unit(*before).vault.peek()
    seen = []
    for operation in range(1, operations_of_a_commit(*before) + 1):
        unit = Unit(*before)
        unit.part.rail.arm(Cut(operation, moment, torn))
        with pytest.raises(PowerCut):
            unit.vault.commit(NEW)
        unit.part.rail.on = True
        held, found, _ = unit.vault.load()
        assert (held, found) in (old, new)
        assert found is None or (found.identity is not None and found.identity.is_whole())
        assert unit.vault.load() == (held, found, False)  # mended by the first
        seen.append((held, found) == new)
        for settled in (OLD, NEW):  # and the unit goes on as if nothing had been
            unit.vault.commit(settled)
            assert unit.vault.load() == (Held.PRESENT, settled, False)
        assert unit.part.overprograms == 0
    assert seen == sorted(seen)  # the old ones up to some operation, the new ones from it on
    assert set(seen) == {False, True}


# What a security default leaves.


def test_factory_settings() -> None:
    assert factory(BY_VERSION["12.3"], 7) == SecuritySettings(
        generation=7,
        identity=None,
        trusted=factory_certificates.store(),
        offers_chain=True,
        written_by="12.3",
        origin=Origin.MADE,
        telephony=None,
        renews=True,
        management_check=Check("None", "12.3"),
        telephony_check=Check("None", "12.3"),
        request=None,
        membership=None,
        services=(
            ("HTTP", "Unsecure + Secure"),
            ("Configuration", "Secure Medium"),
            ("Security Administration", "Secure Medium"),
            ("System Status Interface", "Secure Medium"),
            ("Web Services", "Secure Medium"),
        ),
        users=tuple(
            ServiceUser(name, b"", True) for name in ("security", "Administrator", "EnhTcpaService", "BranchAdmin")
        ),
    )


@pytest.mark.parametrize(("release", "offered"), [("6.2", False), ("9.1", False), ("11.1", True), ("12.0", True)])
def test_the_release_says_whether_the_chain_is_offered(release: str, offered: bool) -> None:
    assert factory(BY_VERSION[release]).offers_chain is offered


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_services_are_secured_from_the_first_start_where_there_is_a_certificate(release: Release) -> None:
    assert factory(release).needs_identity() is (release.version not in ("6.2", "8.1"))


@pytest.mark.parametrize(
    ("level", "needed"),
    [
        ("Disabled", False),
        ("Unsecure Only", False),
        ("Unsecure + Secure", True),
        ("Secure Low", True),
        ("Secure Medium", True),
        ("Secure High", True),
    ],
)
def test_a_secured_service_needs_an_identity(level: str, needed: bool) -> None:
    changed = factory(BY_VERSION["6.2"]).with_service("Configuration", level)
    assert changed.needs_identity() is needed
    assert dict(changed.services) == dict(factory(BY_VERSION["6.2"]).services) | {"Configuration": level}
