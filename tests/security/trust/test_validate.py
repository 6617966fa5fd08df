"""A client that validates fully: the documents' vectors, and the sentence for each thing that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.security.trust import Purpose, Verdict, validate
from firmware.times import DAY
from tests.security.trust import units
from tests.security.trust.openssl import handshake_accepts, objection
from tests.security.trust.pki import CLIENT, LEAF, MAIL, NOW, Made, Spec, chain, ders, make, old_things

IP500V2_NAME = "ipoffice-00e00705918e.avaya.com"
NOWHERE = "no chain to a certificate in the store: "
VECTORS: dict[str, tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[str, ...], tuple[str, ...]]] = {
    "IP500 V2, its own trust anchor": ((units.IP500V2,), (units.IP500V2,), (IP500V2_NAME, "192.168.42.1"), ()),
    "IP500 V2, nothing in the store": (
        (units.IP500V2,), (), (), (f"{NOWHERE}{IP500V2_NAME} is self-signed and not there",),
    ),
    "IP500 V2 re-keyed, the old one in the store": (
        (units.IP500V2_RE_KEYED,), (units.IP500V2,), (),
        (f"{NOWHERE}{IP500V2_NAME} is self-signed and not there; another one of that name is",),
    ),
    "IP500 V2 renewed over the same key, the old one in the store": (
        (units.IP500V2_RENEWED,), (units.IP500V2,), (),
        (f"{NOWHERE}{IP500V2_NAME} is self-signed and not there; another one of that name is",),
    ),
    "IP500 V2 at another name": (
        (units.IP500V2,), (units.IP500V2,), ("pbx.example.com", "10.0.0.1"),
        ("does not name pbx.example.com", "does not name 10.0.0.1"),
    ),
    "Primary": ((units.ISSUED,), (units.ROOT,), ("server1", "192.168.43.1"), ()),
    "Primary, the root sent along": ((units.ISSUED, units.ROOT), (units.ROOT,), ("server1",), ()),
    "Primary, a copy in the store and no root": (
        (units.ISSUED,), (units.ISSUED,), (),
        (f"{NOWHERE}the issuer ipoffice-root-server1.avaya.com is not there",),
    ),
    "Secondary, its own trust anchor, by its common name": ((units.SECONDARY,), (units.SECONDARY,), ("server1",), ()),
    "Secondary by its address": (
        (units.SECONDARY,), (units.SECONDARY,), ("192.168.42.1",), ("does not name 192.168.42.1",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", VECTORS)
def test_vectors_of_the_documents(case: str) -> None:
    presented, store, names, objections = VECTORS[case]
    assert validate(presented, store, units.NOW, names=names).objections == objections


CA = Spec("Mid")
_BY_KEY = LEAF.but(identifiers="key", serial=1)
_ROOT_BY_KEY = Spec(identifiers="key")
GOOD = (Spec(), CA, LEAF)
FLAWS: dict[str, tuple[tuple[Spec, ...], tuple[str, ...]]] = {
    "nothing": (GOOD, ()),
    "expired": ((Spec(), CA, LEAF.but(ends=-1)), ("expired 2026-01-04T09:00:00Z",)),
    "not yet valid": ((Spec(), CA, LEAF.but(begins=1)), ("not valid before 2026-01-06T09:00:00Z",)),
    "an expired issuer": ((Spec(), CA.but(ends=-1), LEAF), ("Mid: expired 2026-01-04T09:00:00Z",)),
    "an expired root": ((Spec(ends=-1), CA, LEAF), ("Root: expired 2026-01-04T09:00:00Z",)),
    "signed by another": ((Spec(), CA, LEAF.but(signed_by="x")), ("the signature of pbx.example.com is not by Mid",)),
    "an issuer signed by another": ((Spec(), CA.but(signed_by="x"), LEAF), ("the signature of Mid is not by Root",)),
    "an issuer that is no CA": (
        (Spec(), CA.but(ca=False), LEAF), ("Mid: it is no CA: its basic constraints do not say CA:TRUE",),
    ),
    "an issuer that does not say": (
        (Spec(), CA.but(ca=None), LEAF), ("Mid: it is no CA: its basic constraints do not say CA:TRUE",),
    ),
    "an issuer that may not sign": (
        (Spec(), CA.but(usages=("crl_sign",)), LEAF), ("Mid: it may not sign others: its key usage lacks keyCertSign",),
    ),
    "a path too long": (
        (Spec(path_length=0), CA, LEAF), ("Root: its path length is exhausted: it allows 0 CAs below it, not 1",),
    ),
    "a key usage that does not fit": (
        (Spec(), CA, LEAF.but(usages=("crl_sign",))), ("its key usage does not allow serverAuth",),
    ),
    "an extended key usage that does not fit": (
        (Spec(), CA, LEAF.but(purposes=(CLIENT, MAIL))), ("its extended key usage does not have serverAuth",),
    ),
    "an issuer's extended key usage": (
        (Spec(), CA.but(purposes=(CLIENT,)), LEAF), ("Mid: its extended key usage does not have serverAuth",),
    ),
    "a critical extension": (
        (Spec(), CA, LEAF.but(unknown=True)), ("its critical extension 1.3.6.1.4.1.99999.1 is not known",),
    ),
    "an issuer's critical extension": (
        (Spec(), CA.but(unknown=True), LEAF), ("Mid: its critical extension 1.3.6.1.4.1.99999.1 is not known",),
    ),
    "a name that is not permitted": (
        (Spec(), CA.but(permitted=("avaya.com",)), LEAF),
        ("pbx.example.com is not among the names that Mid permits",),
    ),
    "an excluded address": (
        (Spec(excluded=("10.0.0.0/8",)), CA, LEAF), ("10.0.0.1 is among the names that Root excludes",),
    ),
    "an excluded common name": (
        (Spec(excluded=("example.com",)), CA, LEAF.but(alternatives=None)),
        ("pbx.example.com is among the names that Root excludes",),
    ),
    "an excluded subject": (
        (Spec(excluded=("CN=Mid",)), CA, LEAF), ("Mid: CN=Mid is among the names that Root excludes",),
    ),
    "everything at once": (
        (Spec(path_length=0), CA.but(ends=-1, ca=False), LEAF.but(begins=1, unknown=True, signed_by="x")),
        (
            "not valid before 2026-01-06T09:00:00Z",
            "Mid: expired 2026-01-04T09:00:00Z",
            "its critical extension 1.3.6.1.4.1.99999.1 is not known",
            "the signature of pbx.example.com is not by Mid",
            "Mid: it is no CA: its basic constraints do not say CA:TRUE",
            "Root: its path length is exhausted: it allows 0 CAs below it, not 1",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_objection(flaw: str) -> None:
    specs, objections = FLAWS[flaw]
    made = chain(*specs)
    verdict = validate(ders(made[:-1]), ders(made[-1:]), NOW)
    assert verdict.objections == objections
    assert verdict.accepted == (objection(ders(made[:-1]), ders(made[-1:]), NOW) == "")


_ROLLOVER = Spec(identifiers="key", serial=2, key="the next key")  # self-issued: the root's old key signs its next one
# What is unusual and all the same in order, or not: OpenSSL says so too.
UNUSUAL: dict[str, tuple[tuple[Spec, ...], Purpose, bool]] = {
    "a root of version 1": ((Spec(is_v1=True), LEAF), Purpose.SERVER, True),
    "an intermediate of version 1": ((Spec(), CA.but(is_v1=True), LEAF), Purpose.SERVER, False),
    "a root without basic constraints that says it signs": ((Spec(ca=None), LEAF), Purpose.SERVER, True),
    "a root without basic constraints and key usage": ((Spec(ca=None, usages=None), LEAF), Purpose.SERVER, False),
    "a self-issued CA is not counted": (
        (_ROOT_BY_KEY.but(path_length=0), _ROLLOVER, _BY_KEY), Purpose.SERVER, True,
    ),
    "another CA is": ((_ROOT_BY_KEY.but(path_length=0), CA, _BY_KEY), Purpose.SERVER, False),
    "a self-issued CA is let off constraints": (
        (_ROOT_BY_KEY.but(excluded=("CN=Root",)), _ROLLOVER, _BY_KEY), Purpose.SERVER, True,
    ),
    "another CA is not": ((Spec(excluded=("CN=Mid",)), CA, LEAF), Purpose.SERVER, False),
    "a CA's common name is no host name": (
        (Spec(excluded=("ca.example.com",)), CA.but(name="ca.example.com"), LEAF), Purpose.SERVER, True,
    ),
    "a common name of one label is no host name": (
        (Spec(permitted=("example.com",)), LEAF.but(name="pbx", alternatives=None)), Purpose.SERVER, True,
    ),
    "a constraint is of whole labels": (
        (Spec(permitted=("example.com",)), LEAF.but(alternatives=("badexample.com",))), Purpose.SERVER, False,
    ),
    "a constraint is of any labels before it": (
        (Spec(permitted=("example.com",)), LEAF.but(alternatives=("a.b.example.com", "example.com"))),
        Purpose.SERVER, True,
    ),
    "a certificate that is a CA's too": ((Spec(path_length=0), LEAF.but(ca=True)), Purpose.SERVER, True),
    **{
        f"{usage} of a {purpose.value}": ((Spec(), LEAF.but(usages=(usage,))), purpose, usage in allowed)
        for purpose, allowed in (
            (Purpose.SERVER, ("digital_signature", "key_encipherment", "key_agreement")),
            (Purpose.CLIENT, ("digital_signature", "key_agreement")),
        )
        for usage in ("digital_signature", "key_encipherment", "key_agreement", "data_encipherment", "key_cert_sign")
    },
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_unusual(case: str) -> None:
    specs, purpose, accepted = UNUSUAL[case]
    made = chain(*specs)
    presented, store = ders(made[:-1]), ders(made[-1:])
    assert validate(presented, store, NOW, purpose=purpose).accepted is accepted
    assert (objection(presented, store, NOW, purpose=purpose) == "") is accepted


# What a TLS client's security level refuses beyond the verifier: handshakes are held against these.
WEAK: dict[str, tuple[tuple[Spec, ...], tuple[str, ...]]] = {
    "2048 bit": ((Spec(), LEAF.but(key="rsa 2048")), ()),
    "1024 bit": ((Spec(), LEAF.but(key="rsa 1024")), ("key of 1024 bit; 2048 is the least",)),
    "a root of 1024 bit": ((Spec(key="rsa 1024"), LEAF), ("Root: key of 1024 bit; 2048 is the least",)),
    "a short curve": ((Spec(), LEAF.but(key="p192")), ("key of 192 bit; 224 is the least",)),
    "RSA-PSS": ((Spec(key="rsa 2048"), LEAF.but(digest="PSS")), ()),
    "SHA-224": ((Spec(), LEAF.but(digest="SHA224")), ()),
    "SHA-1": (
        (Spec(), LEAF.but(digest="SHA1")), ("the signature of pbx.example.com is made with sha1, which is broken",),
    ),
    "an issuer's SHA-1": (
        (Spec(), CA.but(digest="SHA1"), LEAF), ("the signature of Mid is made with sha1, which is broken",),
    ),
    "a root's SHA-1, which nobody asks about": ((Spec(digest="SHA1"), LEAF), ()),
}  # fmt: skip


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("weakness", WEAK)
def test_what_is_weak(weakness: str, purpose: Purpose) -> None:
    specs, objections = WEAK[weakness]
    made = chain(*specs)
    with old_things():
        verdict = validate(ders(made[:-1]), ders(made[-1:]), NOW, purpose=purpose)
        assert verdict.objections == objections
        assert verdict.accepted == handshake_accepts(made[:-1], made[-1:], NOW, purpose=purpose)


def _judge(presented: list[Made], *store: Made, **options: Any) -> Verdict:
    return validate(ders(presented), ders(store), NOW, **options)


def test_ways_that_lead_nowhere() -> None:
    own, middle, root = chain(*GOOD)
    assert _judge([own], root).objections == (f"{NOWHERE}the issuer Mid is not there",)  # the intermediate not sent
    assert _judge([own, middle], middle).objections == (f"{NOWHERE}the issuer Root is not there",)  # no partial chain
    assert _judge([own, middle, root]).objections == (f"{NOWHERE}Root is self-signed and not there",)
    assert _judge([]).objections == ("no certificate was presented",)
    assert _judge([own, middle], middle).path == ()


def test_ways_that_lead_up() -> None:
    own, middle, root = chain(*GOOD)
    stranger, other = make(Spec("Stranger")), make(Spec("Other root"))
    crossed = make(CA.but(serial=2), other)
    for presented, store in (
        ([own, middle], [root]),
        ([own, root, stranger, middle, middle], [root]),
        ([own], [middle, root]),
        ([own, crossed, middle], [stranger, root]),
    ):
        assert _judge(presented, *store).path == ders([own, middle, root])
    assert _judge([own, middle, crossed], other).path == ders([own, crossed, other])


def test_of_several_ways_the_one_without_objections() -> None:
    own, middle, root = chain(*GOOD)
    expired = make(CA.but(ends=-1, serial=2), root)
    barred = make(CA.but(serial=3, excluded=("example.com",)), root)
    other_key = make(CA.but(serial=4, key="another"), root)
    old_root = make(Spec(ends=-1, serial=5))
    verdict = _judge([own, expired, barred, other_key, middle], old_root, root)
    assert (verdict.objections, verdict.path) == ((), ders([own, middle, root]))


def test_of_several_ways_that_will_not_do_the_one_with_fewest_objections() -> None:
    own, _, root = chain(*GOOD)
    barred = make(CA.but(serial=3, excluded=("example.com",)), root)
    worse = make(CA.but(serial=4, excluded=("example.com",), ends=-1), root)
    assert _judge([own, worse, barred], root).objections == ("pbx.example.com is among the names that Mid excludes",)


def test_an_unset_clock_judges_no_dates() -> None:
    made = chain(Spec(ends=-1), LEAF.but(begins=5))
    assert validate(ders(made[:1]), ders(made[1:]), None).accepted
    assert not validate(ders(made[:1]), ders(made[1:]), NOW).accepted


def test_first_and_last_second() -> None:
    made = chain(Spec(begins=-100), LEAF.but(begins=-1, ends=1))
    for now, accepted in ((-DAY, True), (-DAY - 1, False), (DAY, True), (DAY + 999, True), (DAY + 1000, False)):
        assert validate(ders(made[:1]), ders(made[1:]), NOW + now).accepted == accepted


def test_an_expired_chain_is_a_chain_all_the_same() -> None:
    made = chain(Spec(), LEAF.but(ends=-1))
    assert validate(ders(made[:1]), ders(made[1:]), NOW).path == ders(made)


def test_a_way_up_counts_before_one_that_leads_nowhere() -> None:
    own, middle, root = chain(Spec(ends=-1), CA.but(ends=-1), LEAF.but(ends=-1))
    nowhere = make(CA.but(serial=2))  # a root over the same key, which is not in the store: two objections
    verdict = _judge([own, nowhere, middle], root)
    assert verdict.path == ders([own, middle, root])
    assert len(verdict.objections) == 3


def test_a_chain_whose_signatures_do_not_hold_is_none() -> None:
    own, root = chain(Spec(), LEAF.but(signed_by="x"))
    assert _judge([own], root).path == ()
