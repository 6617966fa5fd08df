"""Our verdict is OpenSSL's, over generated PKIs: by its verifier, and by real handshakes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from firmware.security.trust import validate
from tests.security.trust.openssl import handshake_accepts, objection
from tests.security.trust.situations import Situation, situations


def _agree(situation: Situation) -> None:
    presented, store, now = situation.arguments()
    ours = validate(presented, store, now, names=situation.names, purpose=situation.purpose)
    theirs = _objection(situation)
    if not situation.has_a_choice():
        assert ours.accepted == (not theirs), (ours.objections, theirs)
    elif not theirs:
        # OpenSSL takes one way and does not come back. We find whatever it finds, ...
        assert ours.accepted, ours.objections
    elif ours.accepted and not (alone := situation.only_by(ours.path)).has_a_choice():
        # ... and what we find it accepts too when there is that way only.
        assert not _objection(alone)


def _objection(situation: Situation) -> str:
    presented, store, now = situation.arguments()
    return objection(presented, store, now, situation.names, situation.purpose)


@given(situations())
@settings(max_examples=1000)
def test_the_verdict_is_openssls(situation: Situation) -> None:
    _agree(situation)


@pytest.mark.slow
@given(situations())
@settings(max_examples=5_000)
def test_the_verdict_is_openssls_long(situation: Situation) -> None:
    _agree(situation)


@given(situations())
@settings(max_examples=200)
def test_and_the_verdict_of_a_handshake(situation: Situation) -> None:
    presented, store, now = situation.arguments()
    ours = validate(presented, store, now, names=situation.names, purpose=situation.purpose).accepted
    theirs = handshake_accepts(
        situation.presented, situation.store, now, names=situation.names, purpose=situation.purpose
    )
    assert ours == theirs or (ours and situation.has_a_choice())
