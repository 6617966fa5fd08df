"""A phone registers: REGISTER with digest over the connection that it has come by (RFC 3261, 10 and 22; RFC 7616)."""

from __future__ import annotations

import re
from collections.abc import Callable

from firmware.peers.phones import SIP, Attempt, Contact, Happened, Phone
from firmware.telephony.digest import digest

EXPIRES = 3600  # seconds
_LOCAL = "192.0.2.100:5060"  # where phones of the bench say they are
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


def register(phone: Phone, contact: Contact, now: int) -> list[Happened]:
    """Connect by the first transport that will, and register there."""
    attempts = phone.attempts(contact, now)
    happened = [phone.told(attempt, contact, SIP, now) for attempt in attempts]
    if not attempts or not attempts[-1].connected:
        return happened
    transport = attempts[-1].transport
    status, reason = _dialogue(phone, contact.sip_domain or contact.address, transport, _carrier(attempts[-1]))
    told = {"phone": phone.name, "extension": phone.extension, "by": contact.by, "transport": transport}
    if status == 200:
        return [*happened, Happened("phone.registered", told)]
    return [*happened, Happened("phone.not_registered", told | {"status": status, "why": reason})]


def _carrier(attempt: Attempt) -> Callable[[bytes], bytes]:
    if attempt.session is not None:
        return attempt.session.exchange
    assert attempt.pipe is not None
    return attempt.pipe


def _dialogue(phone: Phone, domain: str, transport: str, exchange: Callable[[bytes], bytes]) -> tuple[int, str]:
    """Status and reason of the final answer; 0: there was none."""
    status, reason, challenges = _read(exchange(_request(phone, domain, transport, 1)))
    if status == 401 and challenges:
        credentials = _credentials(phone, f"sip:{domain}", challenges[0])
        status, reason, _ = _read(exchange(_request(phone, domain, transport, 2, credentials)))
    return status, reason


def _request(phone: Phone, domain: str, transport: str, number: int, credentials: str = "") -> bytes:
    own = f"<sip:{phone.extension}@{domain}>"
    agents = phone.endpoint.user_agents.value
    lines = [
        f"REGISTER sip:{domain} SIP/2.0",
        f"Via: SIP/2.0/{transport} {_LOCAL};branch=z9hG4bK{digest('MD5', phone.name, str(number))[:16]};rport",
        "Max-Forwards: 70",
        f"From: {own};tag={digest('MD5', phone.name)[:8]}",
        f"To: {own}",
        f"Call-ID: {digest('MD5', phone.name, 'call')}",
        f"CSeq: {number} REGISTER",
        f"Contact: <sip:{phone.extension}@{_LOCAL};transport={transport.lower()}>",
        f"Expires: {EXPIRES}",
        f"User-Agent: {agents[0] if agents else phone.endpoint.title}",
        *([f"Authorization: {credentials}"] if credentials else []),
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _read(answer: bytes) -> tuple[int, str, list[str]]:
    """(status, reason, challenges) of the last response in what came back."""
    lines = [line for line in answer.decode("utf-8", "replace").split("\r\n") if line]
    first = next((line for line in reversed(lines) if line.startswith("SIP/2.0 ")), "")
    _, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    challenges = [line.partition(": ")[2] for line in lines if line.lower().startswith("www-authenticate: ")]
    return (int(status) if status.isdecimal() else 0), reason or "no answer", challenges


def _credentials(phone: Phone, uri: str, challenge: str) -> str:
    """For the first challenge, which is the one that the server prefers (RFC 8760, 2.3)."""
    given = dict(_PARAMETER.findall(challenge))
    algorithm = given.get("algorithm", "MD5")
    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    cnonce, nc = digest("MD5", phone.name, nonce)[:8], "00000001"
    own = digest(algorithm, phone.extension, realm, phone.password)
    response = digest(algorithm, own, nonce, nc, cnonce, "auth", digest(algorithm, "REGISTER", uri))
    return (
        f'Digest username="{phone.extension}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, cnonce="{cnonce}", qop=auth, nc={nc}'
    )
