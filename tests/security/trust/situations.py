"""Situations for Hypothesis: a PKI with flaws, what of it is presented and what is in the store, when, to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from firmware.security.trust import Purpose
from firmware.times import DAY, SECOND
from tests.security.trust.pki import ANY, BOTH, CLIENT, LEAF, MAIL, NOW, SERVER, Made, Spec, ders, make

# What can be wrong, or only unusual, with any member ...
_ANY_MEMBER: tuple[dict[str, Any], ...] = (
    {"ca": None}, {"ca": False}, {"ca": True}, {"ca": None, "usages": None}, {"ca": None, "usages": ("key_cert_sign",)},
    {"usages": None}, {"usages": ("key_cert_sign",)}, {"usages": ("crl_sign",)}, {"usages": ("digital_signature",)},
    {"usages": ("key_encipherment",)}, {"usages": ("key_agreement",)}, {"usages": ("content_commitment",)},
    {"purposes": None}, {"purposes": (SERVER,)}, {"purposes": (CLIENT,)}, {"purposes": (MAIL,)}, {"purposes": (ANY,)},
    {"purposes": (MAIL, *BOTH)},
    {"unknown": True}, {"ends": -1}, {"begins": 1}, {"ends": 0}, {"begins": 0}, {"signed_by": "a stranger"},
    {"path_length": 0}, {"path_length": 1}, {"path_length": 2}, {"mailbox": "support@avaya.com"},
    {"key": "rsa 2048"}, {"identifiers": "key"}, {"identifiers": "serial"}, {"identifiers": "wrong"},
    {"identifiers": ""}, {"is_v1": True}, {"name": "ROOT"}, {"name": "  root"}, {"name": "Mid 1"},
)  # fmt: skip
# ... with a CA, ...
_CONSTRAINTS: tuple[dict[str, Any], ...] = (
    {"permitted": ("example.com",)}, {"permitted": (".example.com",)}, {"permitted": ("avaya.com",)},
    {"permitted": ("EXAMPLE.com", "avaya.com")}, {"permitted": ("pbx.example.com",)}, {"permitted": ("",)},
    {"permitted": ("10.0.0.0/8",)}, {"permitted": ("192.168.0.0/16",)}, {"permitted": ("10.0.0.0/8", "example.com")},
    {"permitted": ("CN=pbx.example.com",)}, {"permitted": ("CN=PBX.example.com", "CN=Mid 1", "CN=Mid 2")},
    {"excluded": ("example.com",)}, {"excluded": ("x.example.com",)}, {"excluded": ("10.0.0.0/24",)},
    {"excluded": ("10.1.0.0/16",)}, {"excluded": ("CN=pbx.example.com",)}, {"excluded": ("CN=Mid 1",)},
    {"permitted": ("example.com",), "excluded": ("pbx.example.com",)},
)  # fmt: skip
# ... and with the certificate that is judged.
_NAMES: tuple[dict[str, Any], ...] = (
    {"alternatives": None}, {"alternatives": ("10.0.0.1",)}, {"alternatives": ("*.example.com",)},
    {"alternatives": ("p*.example.com", "10.0.0.2")}, {"alternatives": ("*x.example.com",)},
    {"alternatives": ("PBX.Example.Com",)}, {"alternatives": ("*.com", "10.0.0.1")},
    {"alternatives": ("sip:example.com",)},
    {"alternatives": ("pbx.example.com", "other.avaya.com")}, {"alternatives": ("*.*.com", "p*x.example.com")},
    {"alternatives": ("CN=pbx.example.com", "pbx.example.com")}, {"alternatives": ("a.pbx.example.com",)},
    {"name": "other.avaya.com"}, {"name": "other.avaya.com", "alternatives": None},
    {"name": "pbx", "alternatives": None},
    {"name": "*.example.com", "alternatives": None}, {"name": "10.0.0.1", "alternatives": None},
)  # fmt: skip
_OFTEN = (0, 0, 0, 1, 1, 2)
_MOMENTS = (
    NOW,
    NOW,
    NOW,
    NOW - 1,
    NOW + 999,
    NOW + SECOND,
    NOW + DAY,
    NOW - 10 * DAY,
    NOW + 1000 * DAY,
    NOW - 11 * DAY,
)
_ASKED = ((), (), ("pbx.example.com",), ("10.0.0.1",), ("pbx.example.com", "10.0.0.1"), ("PBX.EXAMPLE.COM",),
          ("10.0.0.2",), ("other.avaya.com",), ("a.pbx.example.com",), ("pbx",))  # fmt: skip


@dataclass(frozen=True)
class Situation:
    presented: tuple[Made, ...]
    store: tuple[Made, ...]
    now: int
    names: tuple[str, ...]
    purpose: Purpose

    def has_a_choice(self) -> bool:
        """Whether there can be two ways up: certificates of one name, or a store that holds others than roots."""
        distinct = {one.der: one.spec.name.lower().strip() for one in (*self.presented, *self.store)}
        return len(set(distinct.values())) < len(distinct) or any(
            one.certificate.subject != one.certificate.issuer for one in self.store
        )

    def only_by(self, path: tuple[bytes, ...]) -> Situation:
        """The same, but nothing is there besides this chain."""
        made = {one.der: one for one in (*self.presented, *self.store)}
        own, *issuers = (made[der] for der in path)
        return replace(self, presented=(own, *issuers[:-1]), store=(issuers[-1] if issuers else own,))

    def arguments(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...], int]:
        return ders(self.presented), ders(self.store), self.now


@st.composite
def situations(draw: Callable[..., Any], with_names: bool = True) -> Situation:
    line = _line(draw)
    presented, store = line[1:][::-1] or line[:1], line[:1]
    for other in _others(draw, line):
        where = draw(st.sampled_from(("presented", "store", "both")))
        if where != "store":
            presented.insert(draw(st.integers(1, len(presented))), other)
        if where != "presented":
            store.insert(draw(st.integers(0, len(store))), other)
    for _ in range(draw(st.sampled_from(_OFTEN))):
        _disturb(draw, presented, store, line)
    return Situation(
        tuple(presented),
        tuple(store),
        draw(st.sampled_from(_MOMENTS)),
        draw(st.sampled_from(_ASKED)) if with_names else (),
        draw(st.sampled_from(Purpose)),
    )


def _line(draw: Callable[..., Any]) -> list[Made]:
    """From the root to the certificate that is judged, which is the root itself where there is no CA above it."""
    depth = draw(st.integers(0, 4))
    identifiers = draw(st.sampled_from(("", "key", "key", "serial")))
    # Serial numbers differ: of two certificates of one issuer and one serial number, which no CA makes, OpenSSL 4
    # (not 3) takes one for the other.
    specs = [
        Spec(f"Mid {place}" if place else "Root", identifiers=identifiers, serial=1000 + place)
        for place in range(depth)
    ]
    is_ca = draw(st.booleans()) if depth == 0 else False
    specs.append(LEAF.but(identifiers=identifiers, ca=is_ca, serial=1000 + depth))
    for _ in range(draw(st.sampled_from(_OFTEN))):
        place = draw(st.integers(0, depth))
        flaws = _ANY_MEMBER + (_NAMES * 2 if place == depth else _CONSTRAINTS)
        specs[place] = specs[place].but(**draw(st.sampled_from(flaws)))
    line: list[Made] = []
    for spec in specs:
        line.append(make(spec, line[-1] if line else None))
    return line


def _others(draw: Callable[..., Any], line: list[Made]) -> list[Made]:
    """Certificates like one of the line: renewed, made anew with another key, signed by another root; and strangers."""
    found = []
    for _ in range(draw(st.sampled_from(_OFTEN))):
        place = draw(st.integers(0, len(line) - 1))
        one, issuer = line[place].spec, line[place - 1] if place else None
        kinds = {
            "renewed": (one.but(serial=2000 + place, ends=2000), issuer),
            "before": (one.but(serial=500 + place, ends=-1), issuer),
            "re-keyed": (one.but(serial=6000 + place, key="another key"), issuer),
            "cross-signed": (one.but(serial=3000 + place), make(Spec("Other root", serial=1))),
            "as a root": (one.but(serial=4000 + place), None),
            "other root": (Spec("Other root", serial=1), None),
            "stranger": (Spec("Stranger"), None),
            "with a flaw": (one.but(serial=5000 + place, **draw(st.sampled_from(_ANY_MEMBER))), issuer),
        }
        found.append(make(*kinds[draw(st.sampled_from(sorted(kinds)))]))
    return found


def _disturb(draw: Callable[..., Any], presented: list[Made], store: list[Made], line: list[Made]) -> None:
    """Something missing, something twice, another order, a member of the line in the store."""
    what = draw(st.sampled_from(("missing", "no root", "twice", "shuffled", "root too", "in store", "only that")))
    one = draw(st.sampled_from(line))
    if what == "missing" and len(presented) > 1:
        presented.pop(draw(st.integers(1, len(presented) - 1)))
    elif what == "no root" and store:
        store.pop(0)
    elif what == "twice":
        presented.append(one)
    elif what == "shuffled":
        presented[1:] = draw(st.permutations(presented[1:]))
    elif what == "root too":
        presented.append(line[0])
    elif what == "in store":
        store.append(one)
    elif what == "only that":
        store[:] = [one]
