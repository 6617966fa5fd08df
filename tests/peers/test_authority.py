"""CAs outside the units: the same from the same seed, and what they issue is verified by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from firmware.peers import authority
from firmware.peers.authority import NotSigned, establish
from firmware.peers.profiles import CLOUD, SYSTEM_MANAGER, THIRD_PARTY, AuthorityProfile, PeerProfile
from firmware.security.importing import read_authority
from firmware.security.keys import KeyKind
from firmware.security.reading import alternative_names, dates, describe, load, pem, public_key_of
from firmware.security.scep import issued_by
from firmware.security.signing_requests import Request, make, read
from firmware.times import DAY, parse_time
from tests.peers.support import NOW, SUBJECT, key

DNS, ADDRESSES = ("branch1.example.com",), ("192.168.42.1", "fe80::1")


def request(number: int = 1, kind: KeyKind = KeyKind.RSA_2048, subject: Any = SUBJECT) -> Request:
    return read(make(key(number, kind), subject, DNS, ADDRESSES))


def verify(chain: tuple[bytes, ...], root: bytes, directory: Path, *more: str) -> str:
    (directory / "leaf").write_bytes(pem(chain[0]))
    (directory / "between").write_bytes(b"".join(pem(der) for der in chain[1:] or chain))
    (directory / "root").write_bytes(pem(root))
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-attime", str(NOW // 1000),
         "-CAfile", "root", "-untrusted", "between", *more, "leaf"],
        cwd=directory, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("levels", [0, 1, 6])
@pytest.mark.parametrize("kind", KeyKind)
@pytest.mark.parametrize("profile", [SYSTEM_MANAGER, CLOUD, THIRD_PARTY])
def test_what_it_issues_verifies(levels: int, kind: KeyKind, profile: AuthorityProfile, tmp_path: Path) -> None:
    ca = establish("Example", 1, profile, levels)
    chain = authority.sign(ca, request(kind=kind), 1, NOW)
    assert len(chain) == levels + 2
    assert chain[1:] == ca.chain
    assert all(issued_by(der, by) for der, by in zip(chain, [*chain[1:], chain[-1]], strict=True))
    for purpose in ("sslserver", "sslclient"):
        hostname = ("-verify_hostname", DNS[0], "-verify_ip", ADDRESSES[0])
        assert verify(chain, ca.root, tmp_path, "-purpose", purpose, *hostname).strip() == "leaf: OK"


def test_what_it_issues_is_what_was_asked_for() -> None:
    ca = establish("Example", 1)
    der, *_ = authority.sign(ca, request(), 1, NOW, 90)
    found = describe(der)
    assert found["subject"] == "CN=branch1.example.com, O=Example"
    assert alternative_names(der) == (*DNS, *ADDRESSES)
    assert public_key_of(der) == key(1).public_der
    assert dates(der) == (NOW, NOW + 90 * DAY)
    constraints = load(der).extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca) == (True, False)


def test_the_same_again_is_the_same() -> None:
    one = establish("Example", 1, intermediates=1)
    from firmware.memo import memos_off

    with memos_off():
        again = establish("Example", 1, intermediates=1)
        assert again == one
        assert authority.sign(again, request(), 3, NOW) == authority.sign(one, request(), 3, NOW)
    assert establish("Example", 2).root != establish("Example", 1).root != establish("Other", 1).root
    assert establish("smgr", 1, SYSTEM_MANAGER).signer.key != establish("smgr", 2, SYSTEM_MANAGER).signer.key


def test_serial_numbers() -> None:
    ca = establish("Example", 1, intermediates=2)
    serials = {load(authority.sign(ca, request(), number, NOW)[0]).serial_number for number in range(1, 50)}
    serials |= {load(der).serial_number for der in ca.chain}
    assert len(serials) == 49 + 3
    assert all(0 < serial < 2**127 for serial in serials)


def test_the_ca_makes_other_names_of_a_request() -> None:
    ca = establish("Example", 1)
    der, *_ = authority.sign(ca, request(), 1, NOW, names=(("DNS", "sip.example.com"), ("URI", "sip:example.com")))
    assert alternative_names(der) == ("sip.example.com", "sip:example.com")
    assert alternative_names(authority.sign(ca, request(), 1, NOW, names=())[0]) == ()


def test_without_a_subject_the_names_are_critical(tmp_path: Path) -> None:
    ca = establish("Example", 1)
    chain = authority.sign(ca, request(subject=()), 1, NOW)
    assert load(chain[0]).extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    assert verify(chain, ca.root, tmp_path).strip() == "leaf: OK"


BEGINS, ENDS = parse_time("2000-01-01"), parse_time("2049-12-31")


def test_nothing_outlives_its_issuer() -> None:
    ca = establish("Example", 1)
    until = dates(ca.signer.der)[1]
    assert dates(authority.sign(ca, request(), 1, NOW, 10_000)[0]) == (NOW, until)
    assert dates(authority.sign(ca, request(), 1, until - 1000)[0])[1] == until


@pytest.mark.parametrize(
    ("now", "days", "number", "says"),
    [
        (BEGINS - 1, 1, 1, "is not in date: it is valid from 2000-01-01T00:00:00Z to 2049-12-31"),
        (ENDS, 1, 1, "is not in date"),
        (253402300799_000, 1, 1, "is not in date"),
        (NOW, 0, 1, "of no lifetime"),
        (NOW, -5, 1, "of no lifetime"),
        (NOW, 1, 0, "no serial number left"),
        (NOW, 1, 2**40, "no serial number left"),
    ],
)
def test_what_it_does_not_sign(now: int, days: int, number: int, says: str) -> None:
    with pytest.raises(NotSigned, match=says):
        authority.sign(establish("Example", 1), request(), number, now, days)


def test_a_renewed_root_verifies_what_the_old_one_issued(tmp_path: Path) -> None:
    old = establish("Example", 1)
    new = establish("Example", 1, made=parse_time("2026-01-01"), renewals=1)
    assert new.signer.key == old.signer.key
    assert load(new.root).serial_number != load(old.root).serial_number
    chain = authority.sign(old, request(), 1, NOW)
    assert verify(chain[:1], new.root, tmp_path).strip() == "leaf: OK"
    assert issued_by(chain[0], new.root)


def test_cross_signed(tmp_path: Path) -> None:
    """A client that knows the old root only comes to trust what the new one issues."""
    old, new = establish("Old", 1), establish("New", 1, intermediates=1, made=parse_time("2025-01-01"))
    chain = authority.sign(new, request(), 1, NOW)
    assert "error" in verify(chain, old.root, tmp_path)
    bridge = authority.cross_sign(old, new, 2)
    assert verify((chain[0], bridge), old.root, tmp_path).strip() == "leaf: OK"
    assert dates(bridge) == (dates(new.signer.der)[0], dates(old.signer.der)[1])
    assert bridge == authority.cross_sign(old, new, 2)


def test_a_ready_identity_as_a_file() -> None:
    ca = establish("Example", 1, intermediates=1)
    made = authority.identity(ca, SUBJECT, (("DNS", "branch1.example.com"), ("IP", "10.0.0.1")), 1, NOW)
    assert made.is_whole()
    assert made == authority.identity(ca, SUBJECT, (("DNS", "branch1.example.com"), ("IP", "10.0.0.1")), 1, NOW)
    bag = pkcs12.load_pkcs12(authority.p12(made, "secret"), b"secret")
    assert bag.cert is not None
    found = (bag.cert.certificate, *(entry.certificate for entry in bag.additional_certs))
    assert found == tuple(load(der) for der in made.chain)
    assert pkcs12.load_pkcs12(authority.p12(made, ""), None).key is not None


def test_its_ca_can_be_imported_by_a_unit() -> None:
    ca = establish("Example", 1, intermediates=1)
    from firmware.security.certificates import Identity

    file = authority.p12(Identity(ca.signer.key, ca.chain), "secret", "ca")
    assert read_authority(file, "secret", NOW).chain == ca.chain


def test_too_many_intermediates() -> None:
    with pytest.raises(ValueError, match="6 are the most"):
        establish("Example", 1, intermediates=7)


@pytest.mark.parametrize("profile", [SYSTEM_MANAGER, CLOUD, THIRD_PARTY])
def test_nothing_in_a_profile_is_documented(profile: AuthorityProfile) -> None:
    for kind in (profile.root, profile.intermediate, profile.issued):
        assert isinstance(kind, PeerProfile)
        assert kind.ca.cite().startswith("assumed")
        assert kind.lifetime.cite().startswith("assumed")
