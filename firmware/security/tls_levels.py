"""What a service's security level means for TLS: the oldest protocol, the weakest cipher, a client's certificate.

Sources besides those of the README: ``BGM`` Avaya Branch Gateway Manager 10.0, 2 Nov 2012, p. 85 · ``1100`` SIP
Software for 1200 Series IP Deskphones, Mar 2015, p. 290.

The floors are the documents' own examples ("3DES or higher"). Today's OpenSSL has neither DES nor 3DES: Camellia-128,
which no IP Office speaks, stands for them, so a peer that has nothing but Camellia is one that has nothing but 3DES.
That BGM's "Unsecure + Secure" also accepts TLS without encryption is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.basis import Fact, assumed, documented
from firmware.release import BY_VERSION, Release
from firmware.security.settings import DISABLED, LEVELS, UNSECURE_ONLY

BOTH, LOW, MEDIUM, HIGH = (level for level in LEVELS if level not in (DISABLED, UNSECURE_ONLY))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a server's context takes: protocol, OpenSSL's cipher list up to TLS 1.2, the suites of TLS 1.3.

    ``client_certificate``: a peer that presents none is refused.
    """

    oldest: str
    ciphers: str
    suites: str
    client_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """The weakest cipher of a level, as the document names it, and what of OpenSSL is offered for it."""

    named: str
    ciphers: str
    suites: str


_SUITES_256 = "TLS_AES_256_GCM_SHA384"
_SUITES_128 = f"{_SUITES_256}:TLS_AES_128_GCM_SHA256"
_AES_256 = "ECDHE+AES256:kRSA+AES256"
_AES_128 = "ECDHE+AES256:ECDHE+AES128:kRSA+AES256:kRSA+AES128"
_STAND_IN = f"{_AES_128}:ECDHE+CAMELLIA128:kRSA+CAMELLIA128"
_WEAK_TOO = ":@SECLEVEL=0"  # without it OpenSSL speaks no TLS before 1.2, whatever its oldest protocol is

DES_40 = Floor("DES-40 with MD5", _STAND_IN, _SUITES_128)
DES_56 = Floor("DES-56 with SHA-1", _STAND_IN, _SUITES_128)
TRIPLE_DES = Floor("3DES", _STAND_IN, _SUITES_128)
AES_128 = Floor("AES-128", _AES_128, _SUITES_128)
AES_256 = Floor("AES-256", _AES_256, _SUITES_256)

_R6_2 = documented(BY_VERSION["6.2"], "BGM")
_NEXT = assumed(BY_VERSION["9.1"], "S; the switch-over release is not documented")
_CERTIFICATE_BGM, _CERTIFICATE = documented(True, "BGM"), documented(True, "S")
_NO_CERTIFICATE_BGM, _NO_CERTIFICATE = documented(False, "BGM"), documented(False, "S")


@dataclass(frozen=True, slots=True)
class Row:
    """What a level demands from a release on."""

    level: str
    since: Fact[Release]
    floor: Fact[Floor]
    client_certificate: Fact[bool]


ROWS: tuple[Row, ...] = (
    Row(BOTH, _R6_2, documented(DES_40, "BGM: as Low"), _NO_CERTIFICATE_BGM),
    Row(LOW, _R6_2, documented(DES_40, "BGM"), _NO_CERTIFICATE_BGM),
    Row(MEDIUM, _R6_2, documented(DES_56, "BGM"), _NO_CERTIFICATE_BGM),
    Row(HIGH, _R6_2, documented(TRIPLE_DES, "BGM"), _CERTIFICATE_BGM),
    Row(BOTH, _NEXT, documented(TRIPLE_DES, "S: as Low"), _NO_CERTIFICATE),
    Row(LOW, _NEXT, documented(TRIPLE_DES, "S"), _NO_CERTIFICATE),
    Row(MEDIUM, _NEXT, documented(AES_128, "S"), _NO_CERTIFICATE),
    Row(HIGH, _NEXT, documented(AES_256, "S"), _CERTIFICATE),
)

# The oldest protocol of each release, at every level: no document at hand tells it. The newest is OpenSSL's (assumed).
OLDEST: tuple[tuple[Release, Fact[str]], ...] = (
    (BY_VERSION["6.2"], assumed("TLS 1.0", "as servers of its time")),
    (BY_VERSION["11.0"], assumed("TLS 1.2", "as servers of its time")),
)

# The registrar has no level. Its weakest phones speak TLS_RSA_WITH_AES_128_CBC_SHA. (documented 1100)
OF_REGISTRAR = assumed(LOW, "the registrar has no level to set")


def row(level: str, release: Release) -> Row | None:
    """The row of a level in a release; None: the level offers no TLS."""
    fitting = [row for row in ROWS if row.level == level and row.since.value <= release]
    return max(fitting, key=lambda row: row.since.value, default=None)


def oldest(release: Release) -> Fact[str]:
    """The oldest protocol that a release speaks."""
    return max((pair for pair in OLDEST if pair[0] <= release), key=lambda pair: pair[0])[1]


def parameters(level: str, release: Release) -> Parameters | None:
    """What a service at a level offers in a release; None: no TLS."""
    found = row(level, release)
    if found is None:
        return None
    floor, protocol = found.floor.value, oldest(release).value
    weak = "" if protocol == "TLS 1.2" else _WEAK_TOO
    return Parameters(protocol, floor.ciphers + weak, floor.suites, found.client_certificate.value)


def of_registrar(release: Release) -> Parameters:
    """What the SIP registrar offers over TLS in a release."""
    found = parameters(OF_REGISTRAR.value, release)
    assert found is not None
    return found
