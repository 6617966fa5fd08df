"""A unit's CA as the CA of its network: what it issues, how it is carried, renewed, replaced – and never half."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from firmware.appliance import Appliance
from firmware.bench import export
from firmware.errors import NotNow
from firmware.security.authority import Authority
from firmware.security.certificates import Digest, Identity
from firmware.security.issuing import LONGEST_LIFETIME, MOST_NAMES, Wanted
from firmware.security.keys import KeyKind
from firmware.security.reading import dates, load
from firmware.security.settings import Origin
from firmware.times import DAY, SECOND
from tests.boot.cuts import crash_states
from tests.boot.units import cut_power, do, events, identity_of, images, overprograms, start_again
from tests.credentials.units import (
    PASSWORD,
    elliptic,
    pem_of,
    pem_with_key,
    presented,
    refused,
    settings_in_use,
    third_party,
    unit_of,
)
from tests.ignition.cuts import check_settled, check_whole
from tests.ignition.units import authority_of, ignited, remove
from tests.security import authorities as made_by_others

QUICK = KeyKind.P_256


def issue(unit: Appliance, *names: str, subject: str = "phone.example.com", **wanted: Any) -> Identity:
    made = unit.platform.operations["issue_certificate"](unit, Wanted(subject, names or (subject,), **wanted))
    assert isinstance(made, Identity)
    return made


def ca_of(unit: Appliance) -> Authority:
    """The unit's CA, which is the one on its disk."""
    assert unit.ram.authority is not None
    assert unit.ram.authority == authority_of(unit)
    return unit.ram.authority


def serials(*made: Identity) -> list[int]:
    return [identity.certificate.serial_number for identity in made]


def carried(unit: Appliance) -> bytes:
    """The unit's CA as PKCS#12, as its administrator carries it to another machine."""
    found = unit.platform.operations["export_authority"](unit)
    return export.exported(Identity(found.key, found.chain), unit.name, "p12", PASSWORD)


def another_ca(name: str = "Acme") -> tuple[bytes, tuple[bytes, ...]]:
    """A third party's issuing CA with its key: the file, and its chain."""
    authority = third_party(name)
    return pem_with_key(Identity(authority.signer.key, authority.chain)), authority.chain


def openssl_verifies(made: Identity, folder: Path, at: int, *, anchor: bytes) -> None:
    for name, data in (("leaf", pem_of(made.der)), ("between", pem_of(*made.chain)), ("root", pem_of(anchor))):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", str(at // 1000), "-purpose", "sslserver",
         "-CAfile", folder / "root", "-untrusted", folder / "between", folder / "leaf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, f"{folder / 'leaf'}: OK"), done.stderr


# Issue for another machine.


@pytest.mark.parametrize("kind", ["primary", "application_server", "ucm"])
def test_what_it_issues_for_another_machine_is_what_was_asked_for(kind: str, tmp_path: Path) -> None:
    unit = unit_of(kind)
    made = issue(unit, "pbx.example.com", "10.0.0.9", subject="pbx.example.com", days=100)
    certificate = made.certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["pbx.example.com"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.9"]
    assert "CN=pbx.example.com" in certificate.subject.rfc4514_string()
    assert dates(made.der)[1] - dates(made.der)[0] == 100 * DAY
    assert made.chain[1:] == ca_of(unit).chain
    assert made.is_whole()
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca is False
    openssl_verifies(made, tmp_path, unit.clock.now, anchor=ca_of(unit).root)


@pytest.mark.parametrize(
    ("key", "size"),
    [(KeyKind.RSA_2048, 2048), pytest.param(KeyKind.RSA_4096, 4096, marks=pytest.mark.slow), (KeyKind.P_256, 256)],
)
@pytest.mark.parametrize(("digest", "algorithm"), [
    (Digest.SHA256, hashes.SHA256), (Digest.SHA384, hashes.SHA384), (Digest.SHA512, hashes.SHA512),
])  # fmt: skip
def test_every_kind_of_key_and_digest(key: KeyKind, size: int, digest: Digest, algorithm: type, tmp_path: Path) -> None:
    unit = unit_of("primary")
    made = issue(unit, key=key, digest=digest)
    private = made.key.private
    assert isinstance(private, ec.EllipticCurvePrivateKey if key is KeyKind.P_256 else rsa.RSAPrivateKey)
    assert private.key_size == size
    assert isinstance(made.certificate.signature_hash_algorithm, algorithm)
    openssl_verifies(made, tmp_path, unit.clock.now, anchor=ca_of(unit).root)


def test_what_it_issued_works_where_it_is_carried_to() -> None:
    unit, other = unit_of("primary"), unit_of("secondary")
    made = issue(unit, "server2", "10.1.2.3", "192.168.43.1", subject="server2")
    do(other, "set_identity", data=export.exported(made, "server2", "p12", PASSWORD), password=PASSWORD)
    assert presented(start_again(other)) == made
    assert ca_of(unit).der in settings_in_use(other).trusted


def test_no_serial_number_comes_twice_among_a_hundred_over_restarts_and_other_cas() -> None:
    unit = unit_of("primary")
    made, issuers = [], [ca_of(unit).der]
    for _ in range(5):
        made += [issue(unit, key=QUICK) for _ in range(20)]
        do(unit, "create_authority" if len(issuers) % 2 else "renew_authority")
        issuers.append(ca_of(unit).der)
        made.append(issue(unit, key=QUICK))
        start_again(unit)
    own = [load(der).serial_number for der in issuers] + [identity_of(unit).certificate.serial_number]
    assert len({*serials(*made), *own}) == len(made) + len(own) == 105 + 7
    assert len({identity.key.public_der for identity in made}) == 105
    assert ca_of(unit).issued >= 1


def test_an_imported_ca_that_comes_back_issues_no_number_again() -> None:
    """Serial numbers are unique under one issuer, and a key belongs to one machine (RFC 5280, 4.1.2.2)."""
    unit = unit_of("primary")
    acme, other = another_ca("Acme")[0], another_ca("Other")[0]
    made = []
    for data in (acme, other, acme):
        do(unit, "import_authority", data=data)
        made += [issue(unit, key=QUICK), issue(unit, key=QUICK)]
    assert len(set(serials(*made))) == 6
    assert len({identity.key.public_der for identity in made}) == 6


def test_a_ca_that_is_created_after_others_is_none_that_there_was() -> None:
    """Also where the identity was set by hand, and so counts none of them."""
    unit = do(unit_of("primary"), "set_identity", data=pem_with_key(unit_of("secondary").ram.identity))  # type: ignore[arg-type]
    keys, made = [ca_of(unit).key], [issue(unit, key=QUICK)]
    for operation in ("create_authority", "import_authority", "create_authority", "create_authority"):
        do(unit, operation, **({"data": another_ca()[0]} if operation == "import_authority" else {}))
        keys.append(ca_of(unit).key)
        made.append(issue(unit, key=QUICK))
    assert len({key.public_der for key in keys}) == 5
    assert len(set(serials(*made))) == 5


def test_nothing_that_it_issues_outlives_it() -> None:
    unit = unit_of("primary")
    end = dates(ca_of(unit).der)[1]
    assert dates(issue(unit, key=QUICK, days=LONGEST_LIFETIME).der)[1] == end
    do(unit, "set_clock", reading=end - 10 * DAY)
    assert dates(issue(unit, key=QUICK).der)[1] == end
    do(unit, "set_clock", reading=end + SECOND)
    before = images(unit)
    with pytest.raises(Exception, match=r"valid until .* only: renew it first"):
        issue(unit, key=QUICK)
    assert images(unit) == before
    do(unit, "renew_authority")
    assert dates(issue(unit, key=QUICK).der)[1] > end


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted("a", ("a",), days=0), "a duration of 0 days"),
        (Wanted("a", ("a",), days=-1), "a duration of -1 days"),
        (Wanted("a", ("a",), days=LONGEST_LIFETIME + 1), f"1 to {LONGEST_LIFETIME} can be asked for"),
        (Wanted("a", tuple(f"n{n}" for n in range(MOST_NAMES + 1))), f"{MOST_NAMES} are the most"),
    ],
)
def test_what_cannot_be_issued_is_refused_and_counts_as_none(wanted: Wanted, says: str) -> None:
    assert says in refused(unit_of("primary"), "issue_certificate", wanted=wanted)


# Carry it.


@pytest.mark.parametrize("form", ["pem", "der", "p12"])
def test_it_is_exported_as_others_read_it(form: str) -> None:
    unit = unit_of("primary")
    found = unit.platform.operations["export_authority"](unit)
    data = export.exported(Identity(found.key, found.chain), "CA", form, PASSWORD)
    if form == "p12":
        key, certificate, others = pkcs12.load_key_and_certificates(data, PASSWORD.encode())
        assert key is not None
        assert key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) == ca_of(unit).key.der
        assert others == []
    else:
        certificate = x509.load_pem_x509_certificate(data) if form == "pem" else x509.load_der_x509_certificate(data)
        assert b"PRIVATE" not in data
    assert certificate == load(ca_of(unit).der)


def test_it_takes_over_on_another_server_where_it_is_carried_to() -> None:
    one, other = unit_of("primary"), unit_of("application_server")
    do(other, "import_authority", data=carried(one), password=PASSWORD)
    assert (ca_of(other).key, ca_of(other).chain) == (ca_of(one).key, ca_of(one).chain)
    assert ca_of(other).is_imported
    assert identity_of(other).chain[1:] == ca_of(one).chain
    assert ca_of(other).der in settings_in_use(other).trusted
    check_whole(start_again(other), "carried")
    assert not set(serials(issue(one, key=QUICK))) & set(serials(issue(other, key=QUICK)))


def test_an_imported_ca_replaces_the_present_one_and_the_identity_follows(tmp_path: Path) -> None:
    unit = unit_of("primary")
    before, old = identity_of(unit), ca_of(unit)
    data, chain = another_ca()
    do(unit, "import_authority", data=data)
    for _ in range(2):
        assert ca_of(unit).chain == chain
        assert identity_of(unit).chain[1:] == chain
        assert identity_of(unit).key != before.key
        assert {old.der, *chain} <= set(settings_in_use(unit).trusted)
        start_again(unit)
    openssl_verifies(identity_of(unit), tmp_path, unit.clock.now, anchor=chain[-1])
    with pytest.raises(NotNow, match="an imported CA is renewed where it comes from"):
        do(unit, "renew_authority")
    do(unit, "create_authority")
    assert not ca_of(unit).is_imported
    assert ca_of(unit).key not in (old.key, third_party().signer.key)
    check_whole(unit, "created after an import")


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "an identity": (lambda: pem_with_key(unit_of("primary").ram.identity), "", "is not a CA's"),  # type: ignore[arg-type]
    "wrong password": (lambda: carried(unit_of("primary")), "other", "the password does not open the file"),
    "no key": (lambda: pem_of(third_party().root), "", "the file holds no private key"),
    "cut short": (lambda: another_ca()[0][:-30], "", "cut short"),
    "garbage": (lambda: b"\x30\x82garbage", "", "neither a PKCS#12 nor a PEM file"),
    "nothing": (lambda: b"", "", "neither a PKCS#12 nor a PEM file"),
    "too large": (lambda: bytes(300_000), "", "is the most"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_ca_is_refused_with_one_sentence_and_nothing_changed(name: str) -> None:
    make, password, says = REFUSED[name]
    said = refused(unit_of("primary"), "import_authority", data=make(), password=password)
    assert said.startswith("the CA is not taken: ")
    assert says in said


def test_a_ca_that_has_expired_is_refused() -> None:
    unit = do(unit_of("primary"), "set_clock", reading=dates(third_party().root)[1] + DAY)
    assert "expired" in refused(unit, "import_authority", data=another_ca()[0])


# Renew, create.


def test_renewed_twice_it_keeps_key_and_name_and_all_that_it_signed_stays_valid(tmp_path: Path) -> None:
    unit = unit_of("primary")
    first, identity, made = ca_of(unit), identity_of(unit), issue(unit)
    ders = [first.der]
    for _ in range(2):
        unit.clock.advance_to(unit.clock.now + 30 * DAY)
        do(unit, "renew_authority")
        now = ca_of(unit)
        assert now.key == first.key
        assert load(now.der).subject == load(first.der).subject
        assert dates(now.der)[1] > dates(ders[-1])[1]
        assert identity_of(unit) == identity
        openssl_verifies(Identity(made.key, made.chain[:1]), tmp_path, unit.clock.now, anchor=now.der)
        ders.append(now.der)
    assert len(set(serials(*(Identity(first.key, (der,)) for der in ders)))) == 3
    assert set(ders) <= set(settings_in_use(start_again(unit)).trusted)


def test_a_renewed_ca_keeps_its_name_whatever_the_host_is_called_by_now() -> None:
    unit = do(unit_of("primary"), "set_host_name", host_name="other.example.com")
    before = load(ca_of(unit).der).subject
    do(unit, "renew_authority")
    assert load(ca_of(unit).der).subject == before
    do(unit, "create_authority")
    assert "CN=ipoffice-root-other.example.com.avaya.com" in load(ca_of(unit).der).subject.rfc4514_string()


def test_created_twice_each_is_a_new_one_and_the_identity_follows() -> None:
    unit = unit_of("primary")
    keys, identities = [ca_of(unit).key], [identity_of(unit)]
    for _ in range(2):
        do(unit, "create_authority")
        check_whole(unit, "created")
        assert identity_of(unit).chain[1:] == ca_of(unit).chain
        assert serials(identity_of(unit))[0] == load(ca_of(unit).der).serial_number + 1
        keys.append(ca_of(unit).key)
        identities.append(identity_of(unit))
    assert len({key.public_der for key in keys}) == 3
    assert len({identity.key.public_der for identity in identities}) == 3


def test_a_ca_that_is_lost_is_replaced_by_one_that_never_was() -> None:
    unit = unit_of("primary")
    before = ca_of(unit)
    cut_power(unit)
    remove(unit, "authority")
    start_again(unit)
    for operation in ("renew_authority", "export_authority", "issue_certificate"):
        with pytest.raises(NotNow, match="has no CA"):
            do(unit, operation, **({"wanted": Wanted("a", ("a",))} if operation == "issue_certificate" else {}))
    do(unit, "create_authority")
    assert ca_of(unit).key != before.key
    check_whole(start_again(unit), "after a loss")


def test_every_use_of_the_ca_is_in_the_journal_and_no_key_is() -> None:
    unit = unit_of("primary")
    made = issue(unit)
    do(unit, "renew_authority")
    (said,) = events(unit, "authority.issued")
    assert (said["number"], said["subject"]) == (1, "phone.example.com")
    assert said["sha256"] == made.fingerprint
    assert events(unit, "authority.kept")
    text = str([event.data for event in unit.journal.events])
    assert "PRIVATE" not in text
    assert repr(made.key.der)[10:60] not in text


# Power cuts.

ELLIPTIC_CA = made_by_others.pem(
    made_by_others.ISSUING_KEY, made_by_others.ISSUING, made_by_others.MIDDLE, made_by_others.ROOT
)
CUT: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "issue": ("issue_certificate", lambda: {"wanted": Wanted("a.example.com", ("a.example.com",), key=QUICK)}),
    "import": ("import_authority", lambda: {"data": ELLIPTIC_CA}),
    "renew": ("renew_authority", dict),
    "create": ("create_authority", dict),
}


def _cut(name: str, sample: int | None = None, every: int = 1) -> None:
    operation, arguments_of = CUT[name]
    arguments = arguments_of()
    base = do(ignited(), operation, **arguments)  # so that it is not the first of its kind
    old, new = ca_of(base), ca_of(do(base.copy(), operation, **arguments))
    first = serials(issue(base.copy(), key=QUICK)) if name == "issue" else []
    found = set()
    crashes = crash_states(base, lambda unit: do(unit, operation, **arguments), sample=sample)
    for number, (cut, crashed) in enumerate(crashes):
        at_rest = authority_of(crashed)
        assert at_rest in (old, new), cut
        found.add(at_rest)
        if number % every:
            continue
        unit = start_again(crashed)
        assert ca_of(unit) == at_rest, cut
        check_whole(unit, cut)
        assert at_rest is not None
        assert identity_of(unit).chain[1:] == at_rest.chain or at_rest.key == old.key, cut
        assert set(at_rest.chain) <= set(settings_in_use(unit).trusted), cut
        assert settings_in_use(unit).origin is Origin.MADE, cut
        check_settled(unit, cut)
        if name == "issue":  # handed out or not, its number never comes again once it is counted
            assert (serials(issue(unit, key=QUICK)) == first) == (at_rest == old), cut
        assert overprograms(unit) == 0, cut
    assert found == {old, new} or sample is not None


@pytest.mark.parametrize("name", CUT)
def test_a_power_cut_leaves_a_working_ca_and_an_identity_of_it(name: str) -> None:
    _cut(name, sample=1, every=7)


@pytest.mark.slow
@pytest.mark.parametrize("name", CUT)
def test_a_power_cut_in_any_form_leaves_a_working_ca_and_an_identity_of_it(name: str) -> None:
    _cut(name)


def test_cas_that_are_lost_one_after_the_other_never_come_again_though_no_identity_was_made() -> None:
    unit = do(unit_of("primary"), "set_identity", data=pem_with_key(elliptic()))
    keys = [ca_of(unit).key]
    for _ in range(2):
        cut_power(unit)
        remove(unit, "authority")
        do(start_again(unit), "create_authority")
        assert identity_of(unit) == elliptic()
        keys.append(ca_of(unit).key)
    assert len({key.public_der for key in keys}) == 3


def test_an_identity_under_an_expired_ca_is_objected_to() -> None:
    unit = unit_of("primary")
    do(unit, "set_clock", reading=dates(ca_of(unit).der)[1] + DAY)
    do(unit, "set_address", lan=0, interface="10.9.9.9/24")
    assert dates(identity_of(unit).der)[1] > dates(ca_of(unit).der)[1]
    (objection,) = unit.platform.objections(unit)
    assert objection.startswith("its issuer E=support@avaya.com, CN=ipoffice-root-server1.avaya.com")
    assert "CA certificate" in {alarm["what"] for alarm in events(unit, "alarm")}
