"""A phone registers with the SIP service over TLS and in the clear; what it cannot, it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from firmware.device.entropy import HmacDrbg
from firmware.peers.endpoints import BY_NAME
from firmware.peers.phones import Phone
from firmware.peers.registration import register
from firmware.security import tls
from firmware.security.tls_client import Pipe, ServerEnd
from firmware.telephony.flows import Flow
from firmware.telephony.service import Service
from firmware.telephony.settings import Settings
from tests.boot.units import START
from tests.credentials.units import issued

ADDRESS = "192.168.42.1"
SHOWN = issued(number=95, names=(ADDRESS,))
PHONE = Phone("one", BY_NAME["e129"], "201", "secret-201")


@dataclass
class Server:
    answer: Callable[[str], Pipe]
    has_tls: bool = True
    by: str = ADDRESS
    address: str = ADDRESS
    sip_domain: str = ""

    def tls(self, service: str) -> Pipe | None:
        return ServerEnd(tls.server_context(SHOWN), self.answer("TLS")) if self.has_tls else None

    def plain(self, transport: str) -> Pipe | None:
        return self.answer(transport)

    def fetch(self, path: str, *, secure: bool) -> bytes | None:
        return None


def registrar(**changes: object) -> tuple[Service, Callable[[str], Pipe]]:
    fields = {"domains": (ADDRESS, "example.com"), "users": {"201": "secret-201"}, **changes}
    service = Service(Settings(**fields), HmacDrbg(b"a seed"))  # type: ignore[arg-type]  # any field

    def answer(transport: str) -> Pipe:
        flow = Flow(1, transport, ("192.0.2.100", 5060), (ADDRESS, 5061))
        if not flow.datagrams:
            service.opened(flow, START)
        return lambda data: b"".join(out.data for out in service.received(flow, data, START))

    return service, answer


@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("MD5",), ("SHA-256",)])
@pytest.mark.parametrize("domain", ["", "example.com"])
def test_it_registers(algorithms: tuple[str, ...], domain: str) -> None:
    service, answer = registrar(algorithms=algorithms)
    happened = register(PHONE, Server(answer, sip_domain=domain), START)
    assert [event.kind for event in happened] == ["phone.connected", "phone.registered"]
    ((extension, agent),) = [(one.extension, one.user_agent) for one in service.registrations]
    assert (extension, agent) == ("201", "Avaya E129")


@pytest.mark.parametrize("has_tls", [True, False])
def test_in_the_clear_where_it_must(has_tls: bool) -> None:
    service, answer = registrar()
    old = replace(PHONE, endpoint=BY_NAME["1100"], store=SHOWN.chain[-1:])
    happened = register(old, Server(answer, has_tls=has_tls), START)
    assert happened[-1].kind == "phone.registered"
    assert happened[-1].data["transport"] == ("TLS" if has_tls else "TCP")
    assert len(service.registrations) == 1


def test_a_wrong_password_is_tried_once() -> None:
    service, answer = registrar()
    happened = register(replace(PHONE, password="wrong"), Server(answer), START)
    assert (happened[-1].kind, happened[-1].data["status"]) == ("phone.not_registered", 401)
    assert service.registrations == ()
    assert "wrong" not in str(happened)


@pytest.mark.parametrize(
    "said", [b"", b"nonsense", b"SIP/2.0 \xff\r\n\r\n", b"SIP/2.0 401 No\r\nWWW-Authenticate: Digest\r\n\r\n"]
)
def test_a_server_that_makes_no_sense_registers_nobody(said: bytes) -> None:
    happened = register(PHONE, Server(lambda _transport: lambda _data: said), START)
    assert happened[-1].kind == "phone.not_registered"


def test_who_refuses_the_certificate_sends_nothing() -> None:
    heard: list[bytes] = []

    def listening(_transport: str) -> Pipe:
        return lambda data: heard.append(data) or b""  # type: ignore[func-returns-value]  # None is what it gives

    happened = register(replace(PHONE, endpoint=BY_NAME["workplace"]), Server(listening), START)
    assert ([event.kind for event in happened], heard) == (["phone.refused"], [])
