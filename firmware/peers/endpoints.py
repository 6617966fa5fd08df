"""The endpoints that IP Office serves, a row each: what it validates, where its trust comes from, what it speaks.

certificates.md, section 7. Sources besides those of the README: ``J129`` Installing and Administering Avaya J129, Sep
2017, p. 55 · ``J100`` Installing and Administering Avaya J100 Series, "Subject Alternative Field" · ``1100`` SIP
Software for 1100 and 1200 Series Deskphones, 2012 to 2015, "Certificate requirements" and "Trusted root certificate
installation".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from firmware.basis import Fact, assumed, documented, inferred
from firmware.security.tls_client import Check


class NameRule(str, Enum):
    """Which names of the certificate an endpoint compares."""

    NONE = "none"
    REACHED = "the name or address by which the server is reached"
    ADDRESS = "the server's address, as an entry of the SAN"
    SERVER = "the server's address and, where it is reached by a name, the name"
    DOMAIN = "the server's address and the SIP domain, as a DNS name or a SIP URI"


class TrustSource(str, Enum):
    """Where an endpoint's roots come from."""

    NOWHERE = "it needs none"
    SETTINGS_FILE = "TRUSTCERTS of the 46xx settings file"
    STAGED = "put there beforehand"
    FINGERPRINT = "the first by its SHA-1 fingerprint, later ones signed by one already held"
    OWN_STORE = "the store of its operating system"


class ClientCertificate(str, Enum):
    """What the SIP registrar does about a certificate of the endpoint, where it asks for one."""

    VALIDATED = "validated"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """``at_first`` is what it validates before it holds a root, ``later`` from then on (a 46xx phone: from its next
    reboot on). ``root_file`` is what it loads its root from. ``transports`` are those of SIP in the order in which it
    tries them; () speaks no SIP. ``user_agents`` are the beginnings of what it says it is.
    """

    name: str
    title: str
    at_first: Fact[Check]
    later: Fact[Check]
    https_names: Fact[NameRule]
    sip_names: Fact[NameRule]
    trust: Fact[TrustSource]
    root_file: Fact[str]
    transports: Fact[tuple[str, ...]]
    oldest_tls: Fact[str]
    newest_tls: Fact[str]
    client_certificate: Fact[ClientCertificate]
    user_agents: Fact[tuple[str, ...]]

    def facts(self) -> dict[str, Fact[object]]:
        """Every fact of the row, by its name."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: fact for name, fact in found.items() if isinstance(fact, Fact)}


_TLS_ONLY: Fact[tuple[str, ...]] = assumed(("TLS",), "where TLS is on, its settings name nothing else")
_TLS_1_2 = assumed("TLS 1.2", "what this server offers at least")
_OF_ITS_TIME = assumed("TLS 1.2", "a phone older than TLS 1.3")
_TLS_1_3 = assumed("TLS 1.3", "software of today")
_VALIDATED = assumed(ClientCertificate.VALIDATED, "SEED: not all types; which is assumed")
_UNSUPPORTED = assumed(ClientCertificate.UNSUPPORTED, "SEED: not all types; which is assumed")
_NO_FILE = assumed("", "it loads none")

_J100 = Endpoint(
    name="j100",
    title="J100 series",
    at_first=documented(Check.NAME, "P"),
    later=documented(Check.FULL, "P"),
    https_names=documented(NameRule.SERVER, "J100"),
    sip_names=assumed(NameRule.REACHED, "P names no rule for SIP"),
    trust=documented(TrustSource.SETTINGS_FILE, "P"),
    root_file=documented("WebRootCA.pem", "P"),
    transports=_TLS_ONLY,
    oldest_tls=_TLS_1_2,
    newest_tls=_TLS_1_3,
    client_certificate=_VALIDATED,
    user_agents=assumed(("Avaya J1",)),
)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="e129",
        title="E.129",
        at_first=documented(Check.NOTHING, "SEED"),
        later=documented(Check.NOTHING, "SEED"),
        https_names=documented(NameRule.NONE, "SEED"),
        sip_names=documented(NameRule.NONE, "SEED"),
        trust=inferred(TrustSource.NOWHERE, "SEED"),
        root_file=_NO_FILE,
        transports=_TLS_ONLY,
        oldest_tls=_TLS_1_2,
        newest_tls=_OF_ITS_TIME,
        client_certificate=_UNSUPPORTED,
        user_agents=assumed(("Avaya E129",)),
    ),
    replace(
        _J100,
        name="j129",
        title="J129",
        https_names=documented(NameRule.SERVER, "J129"),
        sip_names=documented(NameRule.DOMAIN, "J129"),
        newest_tls=_OF_ITS_TIME,
        user_agents=assumed(("Avaya J129",)),
    ),
    _J100,
    replace(
        _J100,
        name="9600sip",
        title="9600 series, SIP",
        https_names=assumed(NameRule.SERVER, "as J100"),
        newest_tls=_OF_ITS_TIME,
        user_agents=assumed(("Avaya one-X Deskphone", "Avaya 96")),
    ),
    replace(
        _J100,
        name="remote",
        title="remote SIP phone",
        at_first=documented(Check.FULL, "P"),
        trust=documented(TrustSource.STAGED, "P"),
        user_agents=inferred((), "it says what it is, not where"),
    ),
    Endpoint(
        name="1100",
        title="1100 and 1200 series, SIP",
        at_first=assumed(Check.FULL, "without a root nothing leads to one"),
        later=documented(Check.FULL, "1100"),
        https_names=assumed(NameRule.ADDRESS, "as its SIP"),
        sip_names=documented(NameRule.ADDRESS, "1100"),
        trust=documented(TrustSource.FINGERPRINT, "1100"),
        root_file=assumed("WebRootCA.pem", "its configuration file may name any"),
        transports=documented(("TLS", "TCP", "UDP"), "1100"),
        oldest_tls=_TLS_1_2,
        newest_tls=_OF_ITS_TIME,
        client_certificate=_UNSUPPORTED,
        user_agents=assumed(("Avaya 11", "Avaya 12", "Avaya SIP 11", "Avaya SIP 12", "Nortel")),
    ),
    Endpoint(
        name="h323",
        title="9608, 9611, 9621 and 9641, H.323",
        at_first=assumed(Check.NAME, "P, of SIP phones"),
        later=assumed(Check.FULL, "P, of SIP phones"),
        https_names=assumed(NameRule.SERVER, "as J100"),
        sip_names=inferred(NameRule.NONE, "it speaks no SIP"),
        trust=documented(TrustSource.SETTINGS_FILE, "WL"),
        root_file=documented("Root-CA-", "WL; its name goes on with eight hex digits"),
        transports=inferred((), "it speaks no SIP"),
        oldest_tls=_TLS_1_2,
        newest_tls=_OF_ITS_TIME,
        client_certificate=_UNSUPPORTED,
        user_agents=inferred((), "it speaks no SIP"),
    ),
    Endpoint(
        name="workplace",
        title="Workplace",
        at_first=documented(Check.FULL, "SEED"),
        later=documented(Check.FULL, "SEED"),
        https_names=assumed(NameRule.REACHED, "as any client of HTTPS"),
        sip_names=assumed(NameRule.REACHED, "its name is checked; which, no document says"),
        trust=inferred(TrustSource.OWN_STORE, "SEED: the root is downloaded to clients and put in their store"),
        root_file=_NO_FILE,
        transports=_TLS_ONLY,
        oldest_tls=_TLS_1_2,
        newest_tls=_TLS_1_3,
        client_certificate=_VALIDATED,
        user_agents=assumed(("Avaya Workplace", "Avaya IX Workplace", "Avaya Communicator", "Avaya Equinox")),
    ),
)

BY_NAME: dict[str, Endpoint] = {row.name: row for row in ENDPOINTS}
