"""Where our verdict is not OpenSSL's, and is not meant to be: every row is shown to be really different."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from firmware.security.trust import validate
from tests.security.trust.openssl import objection
from tests.security.trust.pki import LEAF, NOW, Made, Spec, chain, ders, make

Shown = tuple[list[Made], list[Made]]  # presented, store


@dataclass(frozen=True)
class Difference:
    reason: str
    make: Callable[[], Shown]
    accepted: bool  # by us


def _another_of_the_name() -> Shown:
    own, root = chain(Spec(), LEAF)
    return [own], [make(Spec(key="another", serial=2)), root]


def _back_among_the_presented() -> Shown:
    own, issuing, middle, root = chain(Spec(), Spec("Mid"), Spec("Issuing"), LEAF)
    return [own, middle], [issuing, root]


def _long() -> Shown:
    *presented, root = chain(Spec(), *(Spec(f"Mid {number}") for number in range(7)), LEAF)
    return presented, [root]


def _ed25519() -> Shown:
    own, root = chain(Spec(key="ed25519"), LEAF)
    return [own], [root]


def _mail_permitted() -> Shown:
    own, root = chain(Spec(permitted=("support@avaya.com",)), LEAF.but(mailbox="support@avaya.com"))
    return [own], [root]


def _extended(oid: str, value: str) -> Callable[[], Shown]:
    def shown() -> Shown:
        extension = x509.UnrecognizedExtension(ObjectIdentifier(oid), bytes.fromhex(value))
        own, root = chain(Spec(), LEAF.but(usual=(extension,)))
        return [own], [root]

    return shown


DIFFERENCES = (
    Difference(
        "of several candidates of one name, without key identifiers, OpenSSL takes one and stays with it: whether it "
        "accepts depends on their order; we find the way",
        _another_of_the_name,
        True,
    ),
    Difference(
        "from an intermediate in the store on OpenSSL looks at the store only; we find what is there",
        _back_among_the_presented,
        True,
    ),
    Difference("a chain is of 8 certificates at most, so that work is bounded; OpenSSL allows 100", _long, False),
    Difference("keys are RSA or on a curve, as IP Office's are; OpenSSL knows Ed25519", _ed25519, False),
    Difference(
        "constraints on mail addresses and URIs are not judged, so names that they are about are refused (RFC 5280, "
        "4.2.1.10, asks for that)",
        _mail_permitted,
        False,
    ),
    Difference(
        "Netscape's certificate type, of 1996, is not judged",
        _extended("2.16.840.1.113730.1.1", "03020780"),  # an SSL client's
        True,
    ),
    Difference(
        "IP resources of RFC 3779, of routers, are not judged",
        _extended("1.3.6.1.5.5.7.1.7", "300c300a04020001300403020001"),
        True,
    ),
    Difference(
        "an extension that cannot be read makes a certificate that cannot be read, whatever it is about",
        _extended("1.3.6.1.5.5.7.1.1", "0500"),
        False,
    ),
)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.reason[:40])
def test_a_difference_that_is_meant(difference: Difference) -> None:
    presented, store = map(ders, difference.make())
    ours = validate(presented, store, NOW)
    assert ours.accepted is difference.accepted, ours.objections
    assert (objection(presented, store, NOW) == "") is not difference.accepted
