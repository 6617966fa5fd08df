"""What a phone does when it meets a server, row by row; the server is a stand-in with a real TLS end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from firmware.peers.endpoints import BY_NAME, ENDPOINTS, NameRule
from firmware.peers.phones import SILENCE, Happened, Phone, sha1, wanted_names
from firmware.security import tls
from firmware.security.certificates import Identity
from firmware.security.importing import NotAccepted
from firmware.security.tls_client import Check, Pipe, ServerEnd
from firmware.times import DAY
from tests.boot.units import START
from tests.credentials.units import issued, pem_of

ADDRESS = "192.168.42.1"
GOOD = issued(number=90, names=("example.com", "pbx.example.com", ADDRESS))
OTHER = issued("Other", number=90, names=("example.com", ADDRESS))
ROOT, OTHER_ROOT = GOOD.chain[-1], OTHER.chain[-1]
SETTINGS = b'SET TRUSTCERTS "WebRootCA.pem,missing.pem"\n'
FULL = "chain, dates and name"


@dataclass
class Server:
    """It presents an identity, None: over TLS nobody answers, and serves files."""

    identity: Identity | None = GOOD
    by: str = ADDRESS
    address: str = ADDRESS
    sip_domain: str = ""
    files: dict[str, bytes] = field(
        default_factory=lambda: {"46xxsettings.txt": SETTINGS, "WebRootCA.pem": pem_of(ROOT)}
    )
    fetched: list[tuple[str, bool]] = field(default_factory=list)
    transports: tuple[str, ...] = ("TCP", "UDP")

    def tls(self, service: str) -> Pipe | None:
        return ServerEnd(tls.server_context(self.identity)) if self.identity else None

    def plain(self, transport: str) -> Pipe | None:
        return (lambda _data: b"") if transport in self.transports else None

    def fetch(self, path: str, *, secure: bool) -> bytes | None:
        self.fetched.append((path, secure))
        return self.files.get(path)


def phone(row: str, *store: bytes, **changes: Any) -> Phone:
    return replace(Phone("one", BY_NAME[row], store=store), **changes)


def kinds(happened: list[Happened]) -> list[str]:
    return [event.kind for event in happened]


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
@pytest.mark.parametrize("held", [(), (ROOT,), (OTHER_ROOT,)], ids=["no root", "the root", "another root"])
def test_a_row_connects_to_what_it_validates(row: Any, held: tuple[bytes, ...]) -> None:
    if not row.transports.value:
        return
    one = phone(row.name, *held)
    attempt = one.attempt(Server(), "sip", START)
    expected = one.check.value is not Check.FULL or held == (ROOT,)
    assert attempt.connected == expected
    assert attempt.alert() == ("none" if expected else "unknown_ca (48) sent")
    assert bool(attempt.objections) != expected


def test_first_contact_then_settings_then_reboot_then_full_validation() -> None:
    server, new = Server(), phone("j100")
    loaded, happened = new.connect(server, "https", START)
    assert kinds(happened) == ["phone.connected", "phone.settings"]
    assert (happened[0].data["checked"], happened[0].data["basis"]) == ("name", "documented P")
    assert (happened[1].data["loaded"], happened[1].data["missing"]) == (["WebRootCA.pem"], ["missing.pem"])
    assert (new.store, loaded.store, loaded.loaded) == ((), (), (ROOT,))
    assert loaded.check.value is Check.NAME
    settled, happened = loaded.reboot()
    assert (settled.store, settled.loaded, happened[0].data["checks"]) == ((ROOT,), (), FULL)
    _, (event,) = settled.connect(replace(server, identity=OTHER), "sip", START)
    assert (event.kind, event.data["alert"]) == ("phone.refused", "unknown_ca (48) sent")
    assert event.data["objections"][0].startswith("no chain to a certificate in the store")
    assert settled.reboot()[0] == settled  # nothing was loaded: what it holds stays


def test_first_contact_demands_the_name() -> None:
    _, happened = phone("j100").connect(Server(address="10.0.0.1", by="10.0.0.1"), "https", START)
    assert kinds(happened) == ["phone.refused"]
    assert happened[0].data["objections"] == ["does not name 10.0.0.1"]


BAD = {"46xxsettings.txt": SETTINGS, "WebRootCA.pem": b"-----BEGIN nonsense"}


@pytest.mark.parametrize("files", [{}, {"46xxsettings.txt": b""}, {"46xxsettings.txt": SETTINGS}, BAD])
def test_a_phone_that_gets_no_root_stays_as_it_was_at_first(files: dict[str, bytes]) -> None:
    after, happened = phone("j100").connect(Server(files=files), "https", START)
    assert "phone.refused" not in kinds(happened)
    assert after.reboot()[0].check.value is Check.NAME


def test_a_remote_phone_needs_its_root_beforehand() -> None:
    server, home = Server(), phone("remote")
    after, happened = home.connect(server, "https", START)
    assert (after, kinds(happened), server.fetched) == (home, ["phone.refused"], [])
    staged, _ = home.install_root(pem_of(ROOT))
    assert kinds(staged.connect(server, "https", START)[1]) == ["phone.connected", "phone.settings"]


def test_an_e129_loads_nothing_and_refuses_nothing() -> None:
    server = Server(OTHER, address="10.9.9.9", by="wrong.example.com")
    _, happened = phone("e129", clock=10_000 * DAY).connect(server, "https", START)
    assert (kinds(happened), server.fetched) == (["phone.connected"], [])


def test_the_first_root_of_an_1100_comes_by_fingerprint_and_later_ones_signed() -> None:
    server = Server()
    held, happened = phone("1100").connect(server, "https", START)
    assert (held.store, server.fetched) == ((ROOT,), [("WebRootCA.pem", False)])
    assert (kinds(happened), happened[0].data["sha1"]) == (["phone.root"], sha1(ROOT))
    assert "fingerprint" in happened[0].data["taken"]
    assert held.install_root(pem_of(ROOT)) == (held, [])
    refused, happened = held.install_root(pem_of(OTHER_ROOT))
    assert (refused, happened[0].data["taken"]) == (held, "not taken: not signed by one that it holds")
    signed, happened = held.install_root(pem_of(GOOD.chain[1]))  # its intermediate is signed by the root
    assert signed.store == (ROOT, GOOD.chain[1])
    assert "signed by one" in happened[0].data["taken"]
    again, happened = held.connect(server, "https", START)
    assert (again, kinds(happened), server.fetched[-1]) == (held, ["phone.connected"], ("WebRootCA.pem", True))


def test_an_1100_tries_tls_then_tcp_then_udp() -> None:
    tried = {}
    for name, identity, transports in (("all", GOOD, ("TCP", "UDP")), ("wrong", OTHER, ("TCP", "UDP")),
                                       ("udp", OTHER, ("UDP",)), ("off", None, ())):  # fmt: skip
        _, happened = phone("1100", ROOT).connect(Server(identity, transports=transports), "sip", START)
        tried[name] = [(event.kind.removeprefix("phone."), event.data["transport"]) for event in happened]
    assert tried == {
        "all": [("connected", "TLS")],
        "wrong": [("refused", "TLS"), ("connected", "TCP")],
        "udp": [("refused", "TLS"), ("refused", "TCP"), ("connected", "UDP")],
        "off": [("refused", "TLS"), ("refused", "TCP"), ("refused", "UDP")],
    }


def test_nobody_answers() -> None:
    _, (event,) = phone("j100").connect(Server(None), "sip", START)
    assert (event.data["objections"], event.data["alert"]) == ([SILENCE], "none")


def test_a_phone_judges_by_its_own_clock() -> None:
    one = phone("j100", ROOT)
    attempts = {
        "right": one,
        "late": one.set_clock(START + 5000 * DAY, START),
        "early": one.set_clock(0, START),
        "unset": one.set_clock(None, START + 5000 * DAY),
    }
    found = {name: each.attempt(Server(), "sip", START) for name, each in attempts.items()}
    assert {name for name, attempt in found.items() if attempt.connected} == {"right", "unset"}
    assert "expired" in found["late"].objections[0]
    assert "not valid before" in found["early"].objections[0]
    assert attempts["late"].reads(START + 1) == START + 5000 * DAY + 1
    assert one.attempt(Server(), "sip", START + 5000 * DAY).objections[0].startswith("expired")


RULES = {
    NameRule.NONE: ((), ()),
    NameRule.REACHED: (("pbx.example.com",), (ADDRESS,)),
    NameRule.ADDRESS: ((ADDRESS,), (ADDRESS,)),
    NameRule.SERVER: (("pbx.example.com", ADDRESS), (ADDRESS,)),
    NameRule.DOMAIN: (("example.com", ADDRESS), (ADDRESS,)),
}


@pytest.mark.parametrize("rule", NameRule)
def test_which_names_are_compared(rule: NameRule) -> None:
    by_name = Server(by="pbx.example.com", sip_domain="example.com")
    assert (wanted_names(rule, by_name), wanted_names(rule, Server())) == RULES[rule]


def test_a_phone_can_be_cleared_and_takes_no_nonsense() -> None:
    one = phone("j100", ROOT, loaded=(OTHER_ROOT,), identity=GOOD, extension="201", password="secret-201", clock=5)
    cleared, happened = one.clear()
    assert (cleared.store, cleared.loaded, cleared.identity, cleared.clock) == ((), (), None, 5)
    assert kinds(happened) == ["phone.cleared"]
    with pytest.raises(NotAccepted):
        one.install_root(b"nonsense")
    assert "secret-201" not in repr(one)
