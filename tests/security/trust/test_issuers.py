"""Who is taken for a certificate's issuer: names, key identifiers and kinds of key, as OpenSSL has it."""

from __future__ import annotations

import pytest

from firmware.security.trust import validate
from tests.security.trust.openssl import objection
from tests.security.trust.pki import LEAF, NOW, Spec, ders, make

_BY_KEY, _BY_SERIAL = LEAF.but(identifiers="key", serial=1), LEAF.but(identifiers="serial", serial=1)
_ROOT_BY_KEY = Spec(identifiers="key")
# The store's root, the certificate below the first of these, and whether the root is taken for its issuer.
ISSUERS: dict[str, tuple[Spec, Spec, Spec, bool]] = {
    "the same": (Spec(), Spec(), LEAF, True),
    "letters of another case, and spaces": (Spec("The Root"), Spec(" the  ROOT", key="The Root"), LEAF, True),
    "another name": (Spec(), Spec("Roots", key="Root"), LEAF, False),
    "a renewal over the same key": (Spec(), Spec(serial=2), LEAF, True),
    "a renewal, by key identifier": (_ROOT_BY_KEY, _ROOT_BY_KEY.but(serial=2), _BY_KEY, True),
    "a renewal, by serial number": (Spec(), Spec(serial=2), _BY_SERIAL, False),
    "another key, by key identifier": (_ROOT_BY_KEY, _ROOT_BY_KEY.but(key="another", serial=2), _BY_KEY, False),
    "another's key identifier": (Spec(), _ROOT_BY_KEY, LEAF.but(identifiers="wrong", serial=2), False),
    "a root that says that another has signed it": (Spec(), Spec(identifiers="wrong"), LEAF, False),
    "a root that only another kind of key can have signed": (
        Spec(key="rsa 2048"), Spec(key="rsa 2048", signed_by="x"), LEAF, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ISSUERS)
def test_who_is_taken_for_the_issuer(case: str) -> None:
    signer, in_store, spec, taken = ISSUERS[case]
    own, root = make(spec, make(signer)), make(in_store)
    verdict = validate((own.der,), (root.der,), NOW)
    assert verdict.accepted is taken, verdict.objections
    assert (objection([own.der], [root.der], NOW) == "") is taken
    assert (verdict.path != ()) is taken


def test_who_is_taken_for_the_issuer_by_the_issuers_issuer() -> None:
    """A key identifier of the old kind: the issuer's serial number, and who issued the issuer."""
    root, other = make(Spec(serial=1)), make(Spec("Other root", serial=2))
    own = make(_BY_SERIAL, make(Spec("Mid"), root))
    for issuer in (root, other):
        middle = make(Spec("Mid"), issuer)
        assert validate(ders([own, middle]), (issuer.der,), NOW).accepted == (issuer is root)
        assert (objection(ders([own, middle]), [issuer.der], NOW) == "") == (issuer is root)
