"""Digest authentication for SIP: RFC 3261, 22; RFC 7616; RFC 8760 (SHA-256 beside MD5).

1. A challenge is one header per algorithm, the preferred one first, all with the same fresh nonce and qop="auth".
2. A nonce is its time, a serial number and a MAC over both: nothing is stored when it is made, so challenging costs
   no memory.
3. What is stored is the highest ``nc`` of each nonce that was used with the right password. It has to grow: the
   same request cannot be sent again. Without qop (RFC 2069 clients) a nonce serves once.
4. The right password with a nonce that is too old or used up: stale=true, the phone tries again by itself. The wrong
   password, or a user that does not exist: the same answer, after the same work, compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import Enum
from typing import NamedTuple

from firmware.telephony.message import Request
from firmware.telephony.settings import Settings
from firmware.telephony.syntax import QUOTED, TOKEN, BadSyntax, unquoted
from firmware.telephony.uris import read_uri

_CREDENTIAL = re.compile(rf"([ \t]*({TOKEN})[ \t]*=[ \t]*({QUOTED}|[^ \t,\"]+)[ \t]*(?:,|$))", re.DOTALL)
_NC = re.compile(r"[0-9A-Fa-f]{8}")
_MANDATORY = {"username", "realm", "nonce", "uri", "response"}
_USED_UP = 2**32


class Verdict(Enum):
    """What credentials are worth."""

    RIGHT = "right"
    WRONG = "wrong password"
    STALE = "stale nonce"
    NONE = "no credentials"


class Credentials(NamedTuple):
    """The parameters of one Authorization header, unquoted; ``algorithm`` in capitals, MD5 if none is named."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    nc: str
    cnonce: str


def read_credentials(value: str) -> Credentials | None:
    """None when the scheme is another; BadSyntax when it is ours and makes no sense."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "digest":
        return None
    parts = _CREDENTIAL.findall(rest)
    plain = "\\" not in rest
    found = {name.lower(): text.strip('"') if plain else unquoted(text) for _, name, text in parts}
    if len(found) != len(parts) or sum([len(whole) for whole, _, _ in parts]) != len(rest):
        raise BadSyntax("malformed digest credentials")
    if not found.keys() >= _MANDATORY:
        raise BadSyntax("incomplete digest credentials")
    found["algorithm"] = found.get("algorithm", "MD5").upper()
    return Credentials(*[found.get(name, "") for name in Credentials._fields])


def digest(algorithm: str, *parts: str) -> str:
    """The hash, in hexadecimal, of the parts joined by colons."""
    data = ":".join(parts).encode("utf-8", "surrogateescape")
    if algorithm == "MD5":
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()


def expected_response(credentials: Credentials, method: str, password: str) -> str:
    """RFC 7616, 3.4.1, for qop=auth and for none."""
    algorithm = credentials.algorithm
    secret = digest(algorithm, credentials.username, credentials.realm, password)
    what = digest(algorithm, method, credentials.uri)
    if not credentials.qop:
        return digest(algorithm, secret, credentials.nonce, what)
    return digest(algorithm, secret, credentials.nonce, credentials.nc, credentials.cnonce, "auth", what)


class Nonces:
    """The nonces of one service; ``key`` is what nobody else has."""

    __slots__ = ("_forgotten", "_key", "_life", "_most", "_serial", "_used")

    def __init__(self, key: bytes, life: int, most: int) -> None:
        self._key, self._life, self._most = key, life, most
        self._serial = 0
        self._used: dict[str, int] = {}  # in the order of first use
        self._forgotten = -1  # nonces made until then are used up, as far as anybody remembers

    def resize(self, life: int, most: int) -> None:
        self._life, self._most = life, most

    def mint(self, now: int) -> str:
        self._serial += 1
        stamp = f"{now & 0xFFFFFFFFFFFF:012x}{self._serial & 0xFFFFFFFF:08x}"
        return stamp + self._mac(stamp)

    def _mac(self, stamp: str) -> str:
        return hashlib.blake2s(stamp.encode(), key=self._key, digest_size=16).hexdigest()  # a MAC: RFC 7693, 2.9

    def use(self, nonce: str, count: int, now: int) -> bool:
        """Whether this nonce is ours, alive, and not yet used with this count; from now on it is."""
        stamp = nonce[:20]
        if len(nonce) != 52 or not nonce.isascii() or not hmac.compare_digest(nonce[20:], self._mac(stamp)):
            return False
        made = int(stamp[:12], 16)
        if not made <= now < made + self._life:
            return False
        before = self._used.get(nonce)
        if before is None:
            if made <= self._forgotten:
                return False
            self._used[nonce] = count
            self._forget(now)
            return True
        if count <= before:
            return False
        self._used[nonce] = count
        return True

    def _forget(self, now: int) -> None:
        """Drop what is too old; and the oldest, when they are too many."""
        used = self._used
        for nonce in list(used)[:2]:  # one comes, at most two go: the table shrinks to what is alive
            made = int(nonce[:12], 16)
            if len(used) <= self._most and made + self._life > now:
                break
            self._forgotten = max(self._forgotten, made)
            del used[nonce]


class Authenticator:
    """Challenges and judges; ``dummy`` stands in for the password of a user that does not exist."""

    __slots__ = ("_dummy", "_nonces", "settings")

    def __init__(self, settings: Settings, key: bytes, dummy: bytes) -> None:
        self.settings = settings
        self._nonces = Nonces(key, settings.nonce_life, settings.limits.nonces)
        self._dummy = dummy.hex()

    def reconfigure(self, settings: Settings) -> None:
        self.settings = settings
        self._nonces.resize(settings.nonce_life, settings.limits.nonces)

    def challenge(self, name: str, now: int, stale: bool) -> list[tuple[str, str]]:
        """The headers ``name`` (WWW-Authenticate or Proxy-Authenticate) of a 401 or 407."""
        nonce = self._nonces.mint(now)
        ending = ", stale=true" if stale else ""
        return [
            (name, f'Digest realm="{self.settings.realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{ending}')
            for algorithm in self.settings.algorithms
        ]

    def judge(self, request: Request, name: str, now: int) -> tuple[Verdict, str]:
        """(verdict, user name) of the credentials for our realm in the header ``name``. BadSyntax passes through."""
        verdict, username = Verdict.NONE, ""
        for value in request.headers.get(name, ()):
            credentials = read_credentials(value)
            if credentials is not None and self._ours(credentials):
                verdict, username = self._judge(credentials, request, now), credentials.username
                if verdict is Verdict.RIGHT:
                    break
        return verdict, username

    def _ours(self, credentials: Credentials) -> bool:
        return credentials.realm == self.settings.realm and credentials.algorithm in self.settings.algorithms

    def _judge(self, credentials: Credentials, request: Request, now: int) -> Verdict:
        if credentials.qop not in ("", "auth") or (credentials.qop and not _NC.fullmatch(credentials.nc)):
            raise BadSyntax("digest credentials with another qop or a malformed nc")
        if not _same_uri(credentials.uri, request.uri):
            raise BadSyntax("digest credentials for another URI")
        password = self.settings.users.get(credentials.username)
        known = password is not None
        expected = expected_response(credentials, request.method, self._dummy if password is None else password)
        given = credentials.response.lower().encode("utf-8", "surrogateescape")
        if not (hmac.compare_digest(given, expected.encode()) and known):
            return Verdict.WRONG
        count = int(credentials.nc, 16) if credentials.qop else _USED_UP
        return Verdict.RIGHT if self._nonces.use(credentials.nonce, count, now) else Verdict.STALE

    def without_ours(self, values: list[str]) -> list[str]:
        """Proxy-Authorization as it goes on: what was meant for us stays here (22.3)."""
        return [value for value in values if not self._for_us(value)]

    def _for_us(self, value: str) -> bool:
        try:
            credentials = read_credentials(value)
        except BadSyntax:
            return True
        return credentials is not None and credentials.realm == self.settings.realm


def _same_uri(one: str, other: str) -> bool:
    """The uri of the credentials has to mean the Request-URI (22.4, RFC 7616, 3.4.6)."""
    if one == other:
        return True
    try:
        return read_uri(one).equivalent(read_uri(other))
    except BadSyntax:
        return False
