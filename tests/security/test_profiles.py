"""Each value of a profile says how we know it; the bases typed from certificates.md 2.1."""

from __future__ import annotations

import pytest

from firmware.basis import Basis
from firmware.security.profiles import IP500V2_SELF_SIGNED
from tests.security.specimen import changed, issue

NOT_DOCUMENTED = {
    "key": Basis.INFERRED,
    "key_usage_critical": Basis.ASSUMED,
    "subject_key_identifier": Basis.ASSUMED,
    "authority_key_identifier": Basis.ASSUMED,
}


@pytest.mark.parametrize(("field", "basis"), [(name, fact.basis) for name, fact in IP500V2_SELF_SIGNED.facts()])
def test_the_basis_of_every_value(field: str, basis: Basis) -> None:
    assert basis is NOT_DOCUMENTED.get(field, Basis.DOCUMENTED)


def test_documented_values_name_their_source() -> None:
    facts = IP500V2_SELF_SIGNED.facts()
    assert len(facts) == 15
    assert all(fact.source.startswith("A") for _, fact in facts if fact.basis is Basis.DOCUMENTED)


def test_it_signs_for_nobody_though_its_key_usage_says_so() -> None:
    assert IP500V2_SELF_SIGNED.may_issue.value is False


@pytest.mark.parametrize("field", ["key_usage", "extended_key_usage", "san"])
def test_a_slip_of_the_pen_is_no_certificate(field: str) -> None:
    with pytest.raises(KeyError):
        issue(changed(field, ("serverAuht",)))
