"""What a certificate holds, per kind: data, each value with its basis and source."""

from __future__ import annotations

from dataclasses import dataclass, fields

from firmware.basis import Fact, assumed, documented, inferred
from firmware.security.keys import KeyKind
from firmware.times import DAY

Subject = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate. Text values may name ``{mac}``; certificates.py fills them in.

    ``subject`` is in the order of the encoded name; ``san`` lists what becomes an entry: ``cn``, ``lan1``, ``lan2``.
    ``backdate`` is in ms before the creation time. ``path_length`` None means no constraint.
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

    def facts(self) -> list[tuple[str, Fact[object]]]:
        """(field, fact) of every row, in order."""
        return [(field.name, getattr(self, field.name)) for field in fields(self) if field.name != "name"]


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
