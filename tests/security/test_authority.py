"""A CA of a unit: made, renewed over its key, made anew, stored, imported – and what it signs along the way."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.entropy import Entropy
from firmware.errors import Damaged
from firmware.release import BY_VERSION
from firmware.security import authority
from firmware.security.authority import IMPORTED, Authority, from_bytes, host_of, make
from firmware.security.importing import read_authority
from firmware.security.profiles import CA_ISSUED, ROOT_CA
from firmware.times import DAY
from tests.security import authorities
from tests.security.specimen import CREATED, NAMES, UNIT, decode_name
from tests.security.test_ca_issued import identity, openssl, pem
from tests.security.test_root_ca import root

R12_3 = BY_VERSION["12.3"]


def test_the_same_arguments_make_the_same_ca() -> None:
    assert root() == root()
    assert root().to_bytes() == root().to_bytes()


@pytest.mark.parametrize(
    "other",
    [
        make(ROOT_CA, UNIT, 2, NAMES, R12_3, CREATED),
        make(ROOT_CA, Entropy(2, UNIT.unit), 1, NAMES, R12_3, CREATED),
        make(ROOT_CA, Entropy(1, "00e007000001"), 1, NAMES, R12_3, CREATED),
    ],
)
def test_another_number_seed_or_unit_has_another_key(other: Authority) -> None:
    assert other.key != root().key


def test_a_renewal_has_the_same_key_and_another_serial() -> None:
    first, renewed = root(), root(renewals=1, clock=CREATED + 300 * DAY)
    assert renewed.key == first.key
    one, other = asn1.Certificate.load(first.der), asn1.Certificate.load(renewed.der)
    assert one.serial_number != other.serial_number
    assert one.key_identifier == other.key_identifier
    assert decode_name(one.subject) == decode_name(other.subject)
    assert other.not_valid_after > one.not_valid_after


def test_what_was_signed_before_a_renewal_is_valid_after_it(tmp_path: Path) -> None:
    issued = pem(tmp_path / "id.pem", identity(root()).der)
    renewed = pem(tmp_path / "new.pem", root(renewals=1, clock=CREATED + DAY).der)
    at = (CREATED + DAY) // 1000
    said = openssl("verify", "-x509_strict", "-attime", at, "-CAfile", renewed, issued)
    assert said.returncode == 0, said.stderr


def test_what_was_signed_before_a_new_ca_is_not_valid_under_it(tmp_path: Path) -> None:
    issued = pem(tmp_path / "id.pem", identity(root()).der)
    new = pem(tmp_path / "new.pem", root(2).der)
    assert openssl("verify", "-attime", CREATED // 1000, "-CAfile", new, issued).returncode == 2


@pytest.mark.parametrize("host", ["server1", "a.example.com", "00e007060001", "x"])
def test_the_host_in_its_name_can_be_read_back(host: str) -> None:
    made = make(ROOT_CA, UNIT, 1, replace(NAMES, host=host), R12_3, CREATED)
    assert host_of(made, ROOT_CA) == host


@pytest.mark.parametrize("made", [root(), root(3, renewals=4), replace(root(2), since=9)])
def test_it_is_stored_and_read_back(made: Authority) -> None:
    assert from_bytes(made.to_bytes()) == made
    assert not made.is_imported


@given(st.data())
def test_damage_is_damage_or_another_whole_ca(data: st.DataObject) -> None:
    """Sealed, it never comes to that; unsealed, nothing worse than Damaged does."""
    good = root().to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 3)) :]
    with contextlib.suppress(Damaged):
        assert from_bytes(damaged).is_whole()


def test_a_key_of_another_ca_is_damage() -> None:
    with pytest.raises(Damaged, match="key is not that of its certificate"):
        from_bytes(replace(root(), key=root(2).key).to_bytes())
    with pytest.raises(Damaged, match="key is not that of its certificate"):
        from_bytes(replace(root(), chain=()).to_bytes())


def test_an_imported_one_gives_random_serials() -> None:
    """It has its own book, in which ours must not write the next line."""
    data = authorities.pem(authorities.ISSUING_KEY, authorities.ISSUING, authorities.MIDDLE, authorities.ROOT)
    imported = read_authority(data, "", authorities.NOW)
    serials = {imported.serial_of(UNIT, CA_ISSUED, number) for number in range(1, 20)}
    assert len(serials) == 19
    assert min(serials) > 2**100
    assert max(serials) < 2**159


def test_what_an_imported_chain_signs_is_verified_by_openssl(tmp_path: Path) -> None:
    data = authorities.pem(authorities.ISSUING_KEY, authorities.ISSUING, authorities.MIDDLE, authorities.ROOT)
    imported = read_authority(data, "", authorities.NOW)
    mine = identity(imported, clock=authorities.NOW)
    assert mine.chain == (mine.der, *imported.chain)
    assert imported.root == authorities.der(authorities.ROOT)
    anchor = pem(tmp_path / "root.pem", imported.root)
    between = pem(tmp_path / "between.pem", *imported.chain[:-1])
    leaf = pem(tmp_path / "id.pem", mine.der)
    at = authorities.NOW // 1000
    said = openssl("verify", "-attime", at, "-purpose", "sslserver", "-CAfile", anchor, "-untrusted", between, leaf)
    assert said.returncode == 0, said.stderr


def test_what_a_person_is_shown_of_it() -> None:
    shown = authority.shown(root())
    assert shown["origin"] == "made here"
    assert str(shown["subject"]).startswith("E=support@avaya.com, CN=ipoffice-root-server1.avaya.com, OU=GCS")
    assert authority.shown(replace(root(), number=IMPORTED))["origin"] == "imported"
    assert "PRIVATE" not in repr(root())
    assert root().key.der.hex() not in repr(root())
