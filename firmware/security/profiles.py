"""What a certificate holds, per kind: data, each value with its basis and source."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from firmware.basis import Fact, assumed, documented, inferred
from firmware.security.keys import KeyKind
from firmware.times import DAY

Subject = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate. Text values may name ``{mac}`` and ``{host}``; certificates.py fills them in.

    ``subject`` is in the order of the encoded name; ``san`` lists what becomes an entry: ``cn`` (as DNS name), ``uri``
    (the CN again), ``lan1``, ``lan2``, where they are set the SIP registrar's ``fqdn`` and ``sip_domain``, and
    ``given``: those that were asked for. ``backdate`` is in ms before the creation time. ``path_length`` None means no
    constraint. ``lifetime`` is in days; None: what the release gives an identity.
    """

    name: str
    key: Fact[KeyKind]
    serial_bytes: Fact[int]
    subject: Fact[Subject]
    backdate: Fact[int]
    san: Fact[tuple[str, ...]]
    extended_key_usage: Fact[tuple[str, ...]]
    extended_key_usage_critical: Fact[bool]
    ca: Fact[bool]
    path_length: Fact[int | None]
    basic_constraints_critical: Fact[bool]
    key_usage: Fact[tuple[str, ...]]
    key_usage_critical: Fact[bool]
    subject_key_identifier: Fact[bool]
    authority_key_identifier: Fact[bool]
    may_issue: Fact[bool]
    lifetime: Fact[int] | None = None

    def facts(self) -> list[tuple[str, Fact[object]]]:
        """(field, fact) of every row, in order."""
        rows = [(field.name, getattr(self, field.name)) for field in fields(self) if field.name != "name"]
        return [(name, fact) for name, fact in rows if fact is not None]


IP500V2_SELF_SIGNED = Profile(
    name="IP500 V2 self-signed",
    key=inferred(KeyKind.RSA_2048, "B, C"),
    serial_bytes=documented(20, "A"),
    subject=documented(
        (
            ("CN", "ipoffice-{mac}.avaya.com"),
            ("O", "Avaya Inc"),
            ("OU", "GCS"),
            ("L", "Basking Ridge"),
            ("S", "New Jersey"),
            ("C", "US"),
            ("E", "support@avaya.com"),
        ),
        "A",
    ),
    backdate=documented(DAY, "A"),
    san=documented(("cn", "lan1", "lan2"), "A"),
    extended_key_usage=documented(("serverAuth", "clientAuth"), "A"),
    extended_key_usage_critical=documented(False, "A"),
    ca=documented(True, "A"),
    path_length=documented(0, "A"),
    basic_constraints_critical=documented(True, "A"),
    key_usage=documented(
        (
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
        ),
        "A: the list may continue",
    ),
    key_usage_critical=assumed(False, "not visible in A"),
    subject_key_identifier=assumed(False, "not visible in A"),
    authority_key_identifier=assumed(False, "not visible in A"),
    may_issue=documented(False, "A"),
)

_DN = (
    ("OU", "GCS"),
    ("O", "Avaya Inc"),
    ("L", "Basking Ridge"),
    ("S", "New Jersey"),
    ("C", "US"),
)
_MAIL = ("E", "support@avaya.com")

# certificates.md 2.2: Primary and Application Server, by assumption also the UCM.
ROOT_CA = Profile(
    name="root CA",
    key=documented(KeyKind.RSA_2048, "B"),
    # Headroom for the identity's serial, which is this one plus 1.
    serial_bytes=documented(19, "B: at most 20; one less leaves room for + 1"),
    subject=documented((_MAIL, ("CN", "ipoffice-root-{host}.avaya.com"), *_DN), "B"),
    backdate=documented(DAY, "B, as A"),
    san=documented(("uri",), "B"),
    extended_key_usage=documented(("serverAuth", "clientAuth"), "B"),
    extended_key_usage_critical=assumed(False, "as A"),
    ca=documented(True, "B"),
    path_length=inferred(None, "B: it may sign intermediates"),
    basic_constraints_critical=documented(True, "B"),
    key_usage=assumed(("digitalSignature", "keyCertSign", "cRLSign"), "B: present, its bits not visible"),
    key_usage_critical=documented(False, "B"),
    subject_key_identifier=documented(True, "B"),
    authority_key_identifier=assumed(False, "not visible in B"),
    may_issue=documented(True, "B, SEED"),
    lifetime=inferred(3652, "B: about 10 years"),
)

CA_ISSUED = Profile(
    name="identity issued by the own root CA",
    key=assumed(KeyKind.RSA_2048, "as the root's"),
    serial_bytes=documented(20, "B: the root's plus 1"),
    subject=assumed((_MAIL, ("CN", "{host}"), *_DN), "B: the same parts; CN not visible"),
    backdate=assumed(DAY, "as the root's"),
    san=assumed(("cn", "fqdn", "sip_domain", "lan1", "lan2"), "as A, and what U names as a reason for a new one"),
    extended_key_usage=assumed(("serverAuth", "clientAuth"), "as A"),
    extended_key_usage_critical=assumed(False, "as A"),
    ca=assumed(False),
    path_length=assumed(None),
    basic_constraints_critical=assumed(True, "as A"),
    key_usage=assumed(
        ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"),
        "as A without keyCertSign",
    ),
    key_usage_critical=assumed(False, "as A"),
    subject_key_identifier=assumed(True, "as the root's"),
    authority_key_identifier=documented(True, "B: the root's SKI"),
    may_issue=assumed(False),
)

# "Create certificate for a different machine" (MC documents that there is such a form): as the own identity, for the
# names that are asked for.
ISSUED_FOR_ANOTHER = replace(
    CA_ISSUED,
    name="issued for a different machine",
    serial_bytes=assumed(16, "random, so as not to meet the own identities'"),
    san=assumed(("given",), "MC: the form asks for them"),
)

# certificates.md 2.3: Secondary and Linux Expansion.
BARE_SELF_SIGNED = Profile(
    name="Linux self-signed end entity",
    key=documented(KeyKind.RSA_2048, "C"),
    serial_bytes=assumed(20, "as A"),
    subject=documented(
        (
            ("CN", "{host}"),
            ("O", "Avaya Inc"),
            ("OU", "GCS"),
            ("L", "Basking Ridge"),
            ("S", "New Jersey"),
            ("C", "US"),
            _MAIL,
        ),
        "C",
    ),
    backdate=assumed(DAY, "as A"),
    san=documented((), "C"),
    extended_key_usage=documented((), "C"),
    extended_key_usage_critical=documented(False, "C"),
    ca=documented(False, "C"),
    path_length=documented(None, "C"),
    basic_constraints_critical=assumed(False, "not visible in C"),
    key_usage=documented((), "C"),
    key_usage_critical=documented(False, "C"),
    subject_key_identifier=assumed(False, "not visible in C"),
    authority_key_identifier=assumed(False, "not visible in C"),
    may_issue=documented(False, "C"),
)

# What a Linux server shows before its ignition. No document describes it; every field is assumed.
TEMPORARY = Profile(
    name="temporary, before ignition",
    key=assumed(KeyKind.RSA_2048),
    serial_bytes=assumed(20),
    subject=assumed((("CN", "ipoffice-{mac}.avaya.com"), ("O", "Avaya Inc"), ("OU", "not ignited yet"))),
    backdate=assumed(DAY),
    san=assumed(("cn", "lan1", "lan2")),
    extended_key_usage=assumed(("serverAuth",)),
    extended_key_usage_critical=assumed(False),
    ca=assumed(False),
    path_length=assumed(None),
    basic_constraints_critical=assumed(True),
    key_usage=assumed(("digitalSignature", "keyEncipherment")),
    key_usage_critical=assumed(False),
    subject_key_identifier=assumed(False),
    authority_key_identifier=assumed(False),
    may_issue=assumed(False),
    lifetime=assumed(30),
)
