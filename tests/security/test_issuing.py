"""A certificate for another machine: pure, counted by its CA, and inside its CA's life."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.memo import memos_off
from firmware.security.importing import NotAccepted
from firmware.security.issuing import LONGEST_LIFETIME, MOST_NAMES, Wanted, issue_for
from firmware.security.keys import KeyKind
from firmware.security.reading import alternative_names, dates
from firmware.times import DAY
from tests.security.specimen import CREATED, R12_3, UNIT, decode
from tests.security.test_root_ca import root

QUICK = Wanted("a.example.com", ("a.example.com",), key=KeyKind.P_256)
CA = replace(root(), issued=1)


def test_the_same_question_has_the_same_answer() -> None:
    with memos_off():
        anew = issue_for(CA, QUICK, UNIT, R12_3, CREATED)
    assert anew == issue_for(CA, QUICK, UNIT, R12_3, CREATED)


def test_another_count_another_key_and_serial_number() -> None:
    made = [issue_for(replace(CA, issued=number), QUICK, UNIT, R12_3, CREATED) for number in range(1, 30)]
    assert len({identity.key.public_der for identity in made}) == 29
    numbers = {identity.certificate.serial_number for identity in made}
    assert len(numbers) == 29
    assert all(0 < number < 2 ** (8 * 16 - 1) for number in numbers)


def test_it_is_no_ca_and_says_whose_it_is() -> None:
    found = decode(issue_for(CA, QUICK, UNIT, R12_3, CREATED).der)
    assert found["basic_constraints"] == (True, {"ca": False, "path_len_constraint": None})
    assert "key_cert_sign" not in found["key_usage"][1]
    assert found["extended_key_usage"] == (False, ["server_auth", "client_auth"])
    assert found["subject_alt_name"] == (False, [("dns_name", "a.example.com")])
    assert found["issuer"] == decode(CA.der)["subject"]


@pytest.mark.parametrize("days", [1, 30, 825, LONGEST_LIFETIME])
def test_its_life_is_what_was_asked_for_and_never_beyond_its_ca_s(days: int) -> None:
    begin, end = dates(issue_for(CA, replace(QUICK, days=days), UNIT, R12_3, CREATED).der)
    assert end == min(begin + days * DAY, dates(CA.der)[1])


def test_without_a_duration_it_is_the_release_s() -> None:
    begin, end = dates(issue_for(CA, QUICK, UNIT, R12_3, CREATED).der)
    assert end - begin == 825 * DAY


@given(days=st.integers(-5, LONGEST_LIFETIME + 5), count=st.integers(0, MOST_NAMES + 3), late=st.integers(0, 4000))
@settings(max_examples=60)
def test_it_is_issued_inside_its_limits_or_refused_with_a_sentence(days: int, count: int, late: int) -> None:
    names = tuple(f"n{number}.example.com" for number in range(count))
    wanted = replace(QUICK, names=names, days=days)
    try:
        made = issue_for(CA, wanted, UNIT, R12_3, CREATED + late * DAY)
    except NotAccepted as refusal:
        assert str(refusal)
        return
    assert 0 < days <= LONGEST_LIFETIME
    assert count <= MOST_NAMES
    assert dates(made.der)[1] <= dates(CA.der)[1]
    assert set(alternative_names(made.der)) == set(names)
