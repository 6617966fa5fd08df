"""The certificate of a Secondary or a Linux Expansion, against literals typed from certificates.md 2.3 [C]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware.release import BY_VERSION
from firmware.security import certificates
from firmware.security.certificates import Identity
from firmware.security.keys import derive
from firmware.security.profiles import BARE_SELF_SIGNED
from tests.security.specimen import CREATED, NAMES, UNIT, decode
from tests.security.test_ca_issued import openssl, pem
from tests.security.test_root_ca import IA5_STRING, PRINTABLE_STRING, UTF8_STRING

SUBJECT = [
    ("common_name", UTF8_STRING, "server1"),
    ("organization_name", UTF8_STRING, "Avaya Inc"),
    ("organizational_unit_name", UTF8_STRING, "GCS"),
    ("locality_name", UTF8_STRING, "Basking Ridge"),
    ("state_or_province_name", UTF8_STRING, "New Jersey"),
    ("country_name", PRINTABLE_STRING, "US"),
    ("email_address", IA5_STRING, "support@avaya.com"),
]
EXPECTED: dict[str, Any] = {
    "version": "v3",
    "signature": ("sha256_rsa", "sha256_rsa"),
    "subject": SUBJECT,
    "issuer": SUBJECT,
    "not before": ("utc_time", "2024-11-23T09:00:00+00:00"),
    "not after": ("utc_time", "2027-02-26T09:00:00+00:00"),  # 825 days
    "key": ("rsa", 2048, 65537),
    "unique ids": (None, None),
    "extensions": ["basic_constraints"],  # no SAN, no EKU, no key usage
    "basic_constraints": (False, {"ca": False, "path_len_constraint": None}),
}


def bare(host: str = "server1", clock: int | None = CREATED) -> Identity:
    key = derive(UNIT, "identity", 1)
    dates = certificates.validity(BARE_SELF_SIGNED, BY_VERSION["12.3"], clock)
    names = replace(NAMES, host=host)
    serial = certificates.serial(UNIT, BARE_SELF_SIGNED, 1)
    return certificates.self_signed(BARE_SELF_SIGNED, names, key, serial, *dates)


def test_every_field_is_what_the_vendors_page_says() -> None:
    found = decode(bare().der)
    sign, length = found.pop("serial")
    assert (sign, 1 <= length <= 20) == ("positive", True)
    assert found == EXPECTED


@pytest.mark.parametrize("host", ["a", "exp.example.com", "00e007060003", "n" * 40])
def test_the_cn_is_the_bare_host_name(host: str) -> None:
    assert decode(bare(host).der)["subject"][0] == ("common_name", UTF8_STRING, host)


def test_with_no_clock_it_begins_with_the_year_of_the_release() -> None:
    assert decode(bare(clock=None).der)["not before"] == ("utc_time", "2024-01-01T00:00:00+00:00")


def test_it_is_its_own_issuer_and_nobody_elses(tmp_path: Any) -> None:
    mine = pem(tmp_path / "own.pem", bare().der)
    # Trusted as itself; OpenSSL needs to be told that it is no root.
    said = openssl("verify", "-attime", CREATED // 1000, "-partial_chain", "-trusted", mine, mine)
    assert said.returncode == 0, said.stderr
    other = pem(tmp_path / "other.pem", bare("other").der)
    assert openssl("verify", "-attime", CREATED // 1000, "-partial_chain", "-trusted", other, mine).returncode == 2


BASES = {
    "key": "documented C",
    "serial_bytes": "assumed as A",
    "subject": "documented C",
    "backdate": "assumed as A",
    "san": "documented C",
    "extended_key_usage": "documented C",
    "extended_key_usage_critical": "documented C",
    "ca": "documented C",
    "path_length": "documented C",
    "basic_constraints_critical": "assumed not visible in C",
    "key_usage": "documented C",
    "key_usage_critical": "documented C",
    "subject_key_identifier": "assumed not visible in C",
    "authority_key_identifier": "assumed not visible in C",
    "may_issue": "documented C",
}


def test_each_value_has_the_basis_of_the_document() -> None:
    assert {name: fact.cite() for name, fact in BARE_SELF_SIGNED.facts()} == BASES
