"""Names: OpenSSL's matching is held by the property test; here is what else there is, and RFC 5922's."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware.security.trust.members import member
from firmware.security.trust.naming import has_alternative, has_sip_domain
from firmware.security.trust.validation import objections_to_names
from tests.security.trust.openssl import objection, takes_host
from tests.security.trust.pki import LEAF, NOW, Spec, chain, make

SIP = {
    "the URI": (("sip:example.com",), "example.com", True),
    "letter case": (("SIP:Example.COM",), "example.com", True),
    "port and parameters": (("sip:example.com:5061;transport=tls",), "example.com", True),
    "a user is no domain": (("sip:alice@example.com",), "example.com", False),
    "sips is not sip": (("sips:example.com",), "example.com", False),
    "another scheme": (("https:example.com",), "example.com", False),
    "a host name": (("example.com",), "example.com", True),
    "a host name beside a sip URI does not count": (("sip:other.com", "example.com"), "example.com", False),
    "a host name beside another URI counts": (("sips:other.com", "example.com"), "example.com", True),
    "no wildcard": (("*.example.com",), "pbx.example.com", False),
    "no part of a name": (("example.com",), "pbx.example.com", False),
    "the address": (("sip:example.com", "10.0.0.1"), "10.0.0.1", True),
    "another address": (("sip:example.com", "10.0.0.1"), "10.0.0.2", False),
    "the common name is no entry": (None, "pbx.example.com", False),
}


@pytest.mark.parametrize("case", SIP)
def test_sip_domains(case: str) -> None:
    alternatives, name, named = SIP[case]
    assert has_sip_domain(member(make(LEAF.but(alternatives=alternatives)).der), name) is named


def test_an_entry_of_the_san_is_not_the_common_name() -> None:
    bare = member(make(LEAF.but(alternatives=None)).der)
    assert not has_alternative(bare, "pbx.example.com")
    assert has_alternative(member(make(LEAF.but(alternatives=("*.example.com",))).der), "pbx.example.com")


def test_only_ascii_letters_have_a_case() -> None:
    kelvin = chain(Spec(), LEAF.but(name="p\N{KELVIN SIGN}x.example.com", alternatives=None))
    own, root = (one.der for one in kelvin)
    assert objection([own], [root], NOW, ("pkx.example.com",))
    assert list(objections_to_names(member(own), ("pkx.example.com",))) == ["does not name pkx.example.com"]


# (host names of the SAN, common name, the name that the peer is reached by, whether it is named)
HOSTS: tuple[tuple[tuple[str, ...] | None, str, str, bool], ...] = (
    (("pbx.example.com",), "x.example.com", "pbx.example.com", True),
    (("pbx.example.com",), "x.example.com", "x.example.com", False),  # the common name does not count beside host names
    (("10.0.0.1",), "x.example.com", "x.example.com", True),  # it does beside an address
    (None, "x.example.com", "x.example.com", True),
    (None, "*.example.com", "x.example.com", True),
    (None, "10.0.0.1", "10.0.0.1", False),
    (("10.0.0.1",), "x", "10.0.0.1", True),
    (("PBX.Example.com",), "x", "pbx.eXample.com", True),
    (("*.example.com",), "x", "pbx.example.com", True),
    (("*.example.com",), "x", "pbx.other.com", False),
    (("*.example.com",), "x", "example.com", False),
    (("*.example.com",), "x", ".example.com", False),
    (("*.example.com",), "x", "a.b.example.com", False),
    (("*.example.com",), "x", "p_x.example.com", False),
    (("*.example.com",), "x", "xn--a.example.com", True),
    (("*.com",), "x", "example.com", False),
    (("p*.example.com",), "x", "pbx.example.com", True),
    (("p*.example.com",), "x", "p.example.com", True),
    (("*x.example.com",), "x", "pbx.example.com", True),
    (("ab*.example.com",), "x", "a.example.com", False),
    (("p*x.example.com",), "x", "pbx.example.com", False),
    (("**.example.com",), "x", "pbx.example.com", False),
    (("pbx.*.com",), "x", "pbx.example.com", False),
    (("xn--*.example.com",), "x", "xn--a.example.com", False),
    (("x*.example.com",), "x", "xn--a.example.com", False),
    (("*.e_ample.com",), "x", "pbx.e_ample.com", False),
)


@pytest.mark.parametrize(("alternatives", "common", "host", "named"), HOSTS)
def test_host_names(alternatives: tuple[str, ...] | None, common: str, host: str, named: bool) -> None:
    own, root = chain(Spec(), LEAF.but(name=common, alternatives=alternatives, key="one key for all"))
    assert (not list(objections_to_names(member(own.der), (host,)))) is named
    if takes_host(host):
        assert (objection([own.der], [root.der], NOW, (host,)) == "") is named


_FIRST = st.sampled_from(["pbx", "p*", "*", "*x", "p*x", "**", "xn--*", "x*", "*-", "a*b*"])
_REST = st.sampled_from(
    ["example.com", "EXAMPLE.com", "com", "*.com", "a-.com", "-a.com", "e_a.com", "xn--a.com", "a.b.c"]
)


@given(_FIRST, st.sampled_from(["", "a", "bx", "n--a", "1-", "_", "b.c"]), _REST, _REST, st.booleans())
@settings(max_examples=300)
def test_host_names_match_as_openssl_matches_them(first: str, fill: str, rest: str, other: str, same: bool) -> None:
    pattern, host = f"{first}.{rest}", f"{first.replace('*', fill)}.{rest if same else other}".replace("*", "a")
    assume(takes_host(host))
    own, root = chain(Spec(), LEAF.but(alternatives=(pattern,), key="one key for all"))
    ours = list(objections_to_names(member(own.der), (host,)))
    assert bool(ours) == bool(objection([own.der], [root.der], NOW, (host,)))
