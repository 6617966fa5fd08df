"""Certificate signing requests: only what was made from this machine's own request becomes its identity."""

from __future__ import annotations

import pytest
from cryptography import x509

from firmware.security import tls
from firmware.security.certificates import Identity
from firmware.security.importing import LARGEST_FILE
from firmware.security.settings import Origin
from firmware.times import DAY
from tests.boot.units import (
    START,
    do,
    identity_of,
    start_again,
)
from tests.credentials.units import (
    a_request,
    answer_to,
    issued,
    not_now,
    p12_of,
    pem_of,
    pem_with_key,
    presented,
    refused,
    request_of,
    settings_in_use,
    unit_of,
)


def test_a_request_asks_for_what_the_unit_is_called() -> None:
    unit = unit_of("primary")
    der = unit.platform.operations["make_request"](unit)
    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["server1"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.1.2.3", "192.168.43.1"]
    assert "CN=server1" in request.subject.rfc4514_string()
    assert request.public_key() != identity_of(unit).certificate.public_key()
    assert request_of(unit) == der


def test_a_request_asks_for_what_it_is_told_to() -> None:
    unit = unit_of("secondary")
    der = unit.platform.operations["make_request"](unit, "pbx.example.com", ("pbx.example.com", "10.0.0.9"))
    request = x509.load_der_x509_csr(der)
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["pbx.example.com"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.9"]
    assert "CN=pbx.example.com" in request.subject.rfc4514_string()


@pytest.mark.parametrize("with_chain", [True, False])
@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_the_answer_to_a_request_becomes_the_identity_also_after_a_reboot(kind: str, with_chain: bool) -> None:
    unit = do(unit_of(kind), "make_request")
    present, key = identity_of(unit), settings_in_use(unit).request
    assert key is not None
    chain = answer_to(request_of(unit))[: None if with_chain else 1]
    start_again(unit)
    assert identity_of(unit) == present  # until it comes
    do(unit, "import_certificate", data=pem_of(*reversed(chain)))
    found = settings_in_use(start_again(unit))
    assert found.identity == Identity(key.key, chain)
    assert (found.origin, found.request) == (Origin.REQUESTED, None)
    assert tls.shown(presented(unit)) == chain
    assert "make one first" in not_now(unit, "import_certificate", data=pem_of(*chain))


def test_only_the_answer_to_this_machine_s_own_request_is_taken() -> None:
    unit, other = do(unit_of("primary"), "make_request"), do(unit_of("secondary"), "make_request")
    theirs = pem_of(*answer_to(request_of(other)))
    for data in (theirs, pem_of(issued().der), pem_of(identity_of(unit).der)):
        said = refused(unit, "import_certificate", data=data)
        assert said.endswith("no certificate in the file was made from this machine's request: its key is another one")
    for data, says in (
        (b"", "neither a PEM nor a DER"),
        (a_request(), "holds no certificate"),
        (theirs[:-40], "short"),
        (p12_of(issued()), "neither a PEM nor a DER"),
        (bytes(LARGEST_FILE + 1), "is the most"),
    ):
        assert says in refused(unit, "import_certificate", data=data)
    do(unit, "import_certificate", data=answer_to(request_of(unit))[0])  # DER
    assert settings_in_use(unit).origin is Origin.REQUESTED


def test_an_answer_that_has_expired_is_refused() -> None:
    unit = do(unit_of("primary"), "make_request")
    chain = answer_to(request_of(unit))
    do(unit, "set_clock", reading=START + 900 * DAY)
    assert "expired" in refused(unit, "import_certificate", data=pem_of(*chain))


def test_a_request_is_void_once_a_new_one_is_made() -> None:
    unit = do(unit_of("primary"), "make_request")
    first = answer_to(request_of(unit))
    do(unit, "make_request")
    assert answer_to(request_of(unit))[0] != first[0]
    assert "its key is another one" in refused(unit, "import_certificate", data=pem_of(*first))
    do(unit, "import_certificate", data=pem_of(*answer_to(request_of(unit))))


def test_a_request_is_void_after_a_security_default() -> None:
    unit = do(unit_of("primary"), "make_request")
    answer = answer_to(request_of(unit))
    do(unit, "default_security")
    assert "make one first" in not_now(unit, "import_certificate", data=pem_of(*answer))


def test_a_request_goes_on_waiting_whatever_identity_is_set_meanwhile_and_is_answered_once() -> None:
    unit = do(unit_of("primary"), "make_request")
    answer = answer_to(request_of(unit))
    do(unit, "set_identity", data=pem_with_key(issued()))
    do(start_again(unit), "import_certificate", data=pem_of(*answer))
    assert identity_of(unit).chain == answer
    assert "make one first" in not_now(unit, "import_certificate", data=pem_of(*answer))


def test_no_key_comes_twice_whatever_is_made_in_between() -> None:
    unit = unit_of("primary")
    keys = [identity_of(unit).key.public_der]
    for operation in ("make_request", "make_request", "default_security", "make_request", "create_authority"):
        do(unit, operation)
        request = settings_in_use(unit).request
        made = request.key if request and operation == "make_request" else identity_of(unit).key
        keys.append(made.public_der)
    assert len(set(keys)) == len(keys) == 6


def test_an_ip500v2_makes_no_requests_and_imports_no_answers() -> None:
    """Documented of Linux systems only (L)."""
    assert not {"make_request", "import_certificate", "set_renewal"} & set(unit_of("ip500v2").platform.operations)
