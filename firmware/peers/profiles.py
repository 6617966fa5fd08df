"""What the certificates of CAs around the units hold: data, each value with its basis.

No document shows them, so all of it is assumed, from what such CAs commonly make.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.basis import Fact, assumed
from firmware.security.profiles import Subject
from firmware.times import DAY

CA_LIFETIME = 18_262  # days: 50 years but for one day
_CA_USAGES = ("digital_signature", "key_cert_sign", "crl_sign")


@dataclass(frozen=True, slots=True)
class PeerProfile:
    """One kind of certificate of a CA outside the units.

    ``subject`` may name ``{name}``, the CA's, and ``{level}``, 0 at the root; None: as the request has it. ``usages``
    and ``purposes`` are in the words of ``cryptography``. ``backdate`` is in ms, ``lifetime`` in days.
    """

    title: str
    subject: Fact[Subject] | None
    ca: Fact[bool]
    usages: Fact[tuple[str, ...]]
    purposes: Fact[tuple[str, ...]]
    backdate: Fact[int]
    lifetime: Fact[int]


@dataclass(frozen=True, slots=True)
class AuthorityProfile:
    """What a CA makes: its root, its intermediates, what it issues."""

    root: PeerProfile
    intermediate: PeerProfile
    issued: PeerProfile


_ISSUED = PeerProfile(
    title="issued on a request",
    subject=None,
    ca=assumed(False),
    usages=assumed(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        "as a Primary's",
    ),
    purposes=assumed(("SERVER_AUTH", "CLIENT_AUTH"), "as A"),
    backdate=assumed(0, "a CA's clock is right"),
    lifetime=assumed(825, "as A"),
)


def _authority(root: Subject, intermediate: Subject, *, usages: tuple[str, ...] = _CA_USAGES) -> AuthorityProfile:
    top = PeerProfile(
        title="root",
        subject=assumed(root),
        ca=assumed(True),
        usages=assumed(usages),
        purposes=assumed(()),
        backdate=assumed(DAY),
        lifetime=assumed(CA_LIFETIME, "from 2000 to 2049, so that a scenario may play at any time"),
    )
    below = PeerProfile(
        title="intermediate",
        subject=assumed(intermediate),
        ca=assumed(True),
        usages=assumed(usages),
        purposes=assumed(()),
        backdate=assumed(DAY),
        lifetime=assumed(CA_LIFETIME, "as the root's"),
    )
    return AuthorityProfile(top, below, _ISSUED)


# Two System Managers have the same subject and different keys: a name alone tells nobody which one it was.
# RFC 8894, 3.1: the CA's certificate also receives envelopes and signs answers.
SYSTEM_MANAGER = _authority(
    (("CN", "System Manager CA"), ("OU", "MGMT"), ("O", "AVAYA")),
    (("CN", "System Manager Sub-CA {level}"), ("OU", "MGMT"), ("O", "AVAYA")),
    usages=(*_CA_USAGES, "key_encipherment"),
)
CLOUD = _authority(
    (("CN", "{name} Root CA"), ("O", "Avaya Inc")),
    (("CN", "{name} Issuing CA {level}"), ("O", "Avaya Inc")),
)
THIRD_PARTY = _authority(
    (("C", "US"), ("O", "{name}"), ("CN", "{name} Root CA")),
    (("C", "US"), ("O", "{name}"), ("CN", "{name} CA {level}")),
)

# SG: an Enterprise Branch enrols with System Manager; SCEP as RFC 8894 has it is assumed.
SYSTEM_MANAGER_LIFETIME = assumed(825, "as A")
# MC: the cloud manager supplies identity and updates; how is assumed.
CLOUD_LIFETIME = assumed(365)
CLOUD_RENEWS = assumed(30, "days before the expiry of what it supplied")
