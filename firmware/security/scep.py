"""SCEP (RFC 8894): what both ends of an enrolment share – its words, and how a message is addressed.

That an Enterprise Branch enrols with System Manager is documented [SG]; that it does so by SCEP as the RFC has it is
assumed. The client's end is enrolment.py, the CA's enrolment_server.py: bytes in, bytes out; who carries them, and
when, is for others. OpenSSL chooses the keys of envelopes, so messages differ from one making to the next; what is
kept – transaction, certificate – does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from firmware.security.cms import certificate

NONCE_SIZE = 16  # RFC 8894, 3.2.1.6
LONGEST_TRANSACTION = 255  # assumed
CA_CERTIFICATE = "application/x-x509-ca-cert"  # one certificate (RFC 8894, 4.2.1.1)
CA_CERTIFICATES = "application/x-x509-ca-ra-cert"  # several, certificates alone (4.2.1.2)
MESSAGE = "application/x-pki-message"  # 4.3

# Signed attributes (RFC 8894, 3.2.1)
MESSAGE_TYPE, STATUS, FAIL_INFO, SENDER_NONCE, RECIPIENT_NONCE, TRANSACTION = (
    f"2.16.840.1.113733.1.9.{number}" for number in range(2, 8)
)


class Kind(str, Enum):
    """messageType (RFC 8894, 3.2.1.2)."""

    ANSWER = "3"
    RENEWAL = "17"
    REQUEST = "19"
    POLL = "20"


class Status(str, Enum):
    """pkiStatus (RFC 8894, 3.2.1.3)."""

    SUCCESS = "0"
    FAILURE = "2"
    PENDING = "3"


class Fault(str, Enum):
    """failInfo, in the RFC's own words (RFC 8894, 3.2.1.4)."""

    badAlg = "0"
    badMessageCheck = "1"
    badRequest = "2"
    badTime = "3"
    badCertId = "4"


@dataclass(frozen=True, slots=True)
class Header:
    """What addresses a message: its transaction and its sender's nonce."""

    transaction: str
    nonce: bytes


def issued_by(der: bytes, issuer: bytes) -> bool:
    """Whether a certificate names another as its issuer and is signed with its key."""
    try:
        certificate(der).verify_directly_issued_by(certificate(issuer))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
