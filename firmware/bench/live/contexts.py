"""The TLS contexts of a live unit: made once for an identity and for what its settings ask for at the moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from OpenSSL import SSL

from firmware.appliance import Appliance
from firmware.bench.live.listeners import http_level
from firmware.bench.live.trace import Write
from firmware.credentials import preferences
from firmware.credentials.telephony import OFF, REQUIRED, client_certificates, client_verdict
from firmware.security import tls, tls_levels
from firmware.security.certificates import Identity
from firmware.security.tls_levels import Parameters

Context = Callable[[Identity], SSL.Context]


class Contexts:
    """``newest`` is the newest TLS version, ``keys`` takes TLS secrets for a key log, ``refused`` hears the objections
    to a client's certificate."""

    def __init__(self, unit: Appliance, newest: str, keys: Write | None, refused: Callable[[list[str]], None]) -> None:
        self._unit, self._newest, self._keys, self._refused = unit, newest, keys, refused

    def of_registrar(self) -> Context:
        """SIP. What kind of endpoint a client is nobody knows in the handshake. (CC)"""
        unit = self._unit
        return self._made(
            lambda: tls_levels.of_registrar(unit.release),
            lambda: client_certificates(unit),
            lambda chain: client_verdict(unit, chain, None),
        )

    def of_files(self) -> Context:
        """HTTPS. Secure High takes no peer without a certificate, and management's checks judge it. (S, CC)"""
        unit = self._unit

        def wanted() -> Parameters | None:
            return tls_levels.parameters(http_level(unit), unit.release)

        def asked() -> str:
            parameters = wanted()
            return REQUIRED if parameters is not None and parameters.client_certificate else OFF

        return self._made(wanted, asked, lambda chain: preferences.judge(unit, chain))

    def _made(
        self,
        wanted: Callable[[], Parameters | None],
        asked: Callable[[], str],
        judge: Callable[[tuple[bytes, ...]], list[str]],
    ) -> Context:
        def refuses(chain: tuple[bytes, ...]) -> bool:
            objections = judge(chain)
            if objections:
                self._refused(objections)
            return bool(objections)

        @lru_cache(8)
        def make(identity: Identity, parameters: Parameters | None, client: str) -> SSL.Context:
            made = tls.server_context(
                identity, parameters, ask_client=client != OFF, fail_if_none=client == REQUIRED, refuses=refuses
            )
            made.set_max_proto_version(tls.VERSIONS[f"TLS {self._newest}"])
            if self._keys is not None:
                keys = self._keys
                made.set_keylog_callback(lambda _connection, line: keys(line))
            return made

        return lambda identity: make(identity, wanted(), asked())
