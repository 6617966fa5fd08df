"""What is sent after the identity when the chain is offered."""

from __future__ import annotations

from firmware.security.trust import offered
from tests.security.trust import units
from tests.security.trust.pki import LEAF, Spec, chain, make

OWN, MIDDLE, ROOT = chain(Spec(), Spec("Mid"), LEAF)


def _offered(*store: bytes) -> tuple[bytes, ...]:
    return offered(OWN.der, store)


def test_each_the_issuer_of_the_one_before_up_to_a_root() -> None:
    stranger = make(Spec("Stranger"))
    assert _offered(stranger.der, ROOT.der, MIDDLE.der) == (MIDDLE.der, ROOT.der)
    assert _offered(ROOT.der) == ()
    assert _offered(MIDDLE.der) == (MIDDLE.der,)
    assert _offered() == ()


def test_the_store_may_hold_anything() -> None:
    other_key = make(Spec("Mid", key="another", serial=2), ROOT)
    assert _offered(b"no certificate", other_key.der, MIDDLE.der, OWN.der, ROOT.der) == (MIDDLE.der, ROOT.der)
    assert _offered(other_key.der, ROOT.der) == (other_key.der, ROOT.der)  # the rule speaks of names


def test_two_cas_that_signed_each_other() -> None:
    one, other = make(Spec("Mid"), make(Spec("Loop"))), make(Spec("Loop", serial=2), make(Spec("Mid")))
    assert _offered(one.der, other.der) == (one.der, other.der)


def test_units() -> None:
    # A self-signed one is a root: nothing follows, not even its renewal.
    assert offered(units.IP500V2, (units.IP500V2, units.IP500V2_RENEWED, units.ROOT)) == ()
    assert offered(units.ISSUED, (units.IP500V2, units.ROOT)) == (units.ROOT,)
