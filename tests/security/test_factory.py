"""What is in the trusted certificate store when a unit leaves the factory."""

from __future__ import annotations

from firmware.memo import memos_off
from firmware.security import factory
from firmware.security.reading import load
from tests.security.specimen import decode


def test_one_certificate_stands_for_the_vendor_s_and_every_unit_has_the_same() -> None:
    (der,) = factory.store()
    with memos_off():
        assert factory.store() == (der,)
    assert "CN=SIP Product Certificate Authority" in load(der).subject.rfc4514_string()


def test_it_is_a_root_that_signed_itself_and_outlives_every_unit() -> None:
    (der,) = factory.store()
    load(der).verify_directly_issued_by(load(der))
    found = decode(der)
    assert found["basic_constraints"] == (True, {"ca": True, "path_len_constraint": None})
    assert found["not before"][1].startswith("2003-01-01")
    assert found["not after"][1].startswith("2043-01-01")
