"""The SIP service in memory: what a REGISTER costs beside an OPTIONS, and 2,000 phones.

A REGISTER here is a refresh with digest credentials over a connection, as phones send it all day: the nonce of the
last challenge with the next nc. The whole exchange (challenge, then credentials) is printed beside it. An OPTIONS is
what the same phone sends as a keep-alive, with the same headers except those that a registration needs.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import count
from statistics import median

from firmware.device.entropy import HmacDrbg
from firmware.telephony.flows import Flow
from firmware.telephony.service import Service
from firmware.telephony.settings import Settings
from tests.benchmarks.harness import Row, seconds
from tests.telephony.phones import DOMAIN, NOW, SERVER, answer_to

PHONES = 2000
URI = f"sip:{DOMAIN}"
_PASSWORDS = {str(number): f"{number:08d}" for number in range(1000, 1000 + PHONES)}


class _Line:
    """One phone and its connection."""

    def __init__(self, service: Service, user: str, number: int, algorithm: str = "SHA-256") -> None:
        self.service, self.user, self.algorithm = service, user, algorithm
        self.flow = Flow(number, "TLS", ("192.0.2.7", 10_000 + number), SERVER, 0)
        self.serial, self.nc, self.challenge = count(1), 0, ""
        service.opened(self.flow, NOW)

    def _message(self, method: str, *more: str) -> bytes:
        own, number = f"<sip:{self.user}@{DOMAIN}>", next(self.serial)
        via = f"SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK-{self.user}-{number};rport"
        lines = [f"{method} {URI} SIP/2.0", f"Via: {via}", "Max-Forwards: 70", f"From: {own};tag=a1b2c3{self.user}"]
        lines += [f"To: {own}", f"Call-ID: 4f8c1a2e-{self.user}@192.0.2.7", f"CSeq: {number} {method}"]
        lines += ["User-Agent: Avaya J169/4.1.3", "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO"]
        lines += ["Supported: replaces, outbound, eventlist", *more, "Content-Length: 0", "", ""]
        return "\r\n".join(lines).encode()

    def options(self) -> bytes:
        return self._message("OPTIONS", "Accept: application/sdp")

    def register(self) -> bytes:
        more = [f"Contact: <sip:{self.user}@192.0.2.7:5061;transport=tls>;q=1;expires=3600"]
        if self.challenge:
            self.nc += 1
            password = _PASSWORDS[self.user]
            more.append(f"Authorization: {answer_to(self.challenge, 'REGISTER', URI, self.user, password, self.nc)}")
        return self._message("REGISTER", *more)

    def send(self, data: bytes, now: int = NOW) -> bytes:
        return b"".join(out.data for out in self.service.received(self.flow, data, now))

    def challenged(self, now: int = NOW) -> None:
        self.challenge, self.nc = "", 0
        lines = self.send(self.register(), now).decode().split("\r\n")
        found = [line.partition(": ")[2] for line in lines if line.startswith("WWW-Authenticate")]
        self.challenge = next(one for one in found if f"algorithm={self.algorithm}" in one)


def _service() -> Service:
    return Service(Settings((DOMAIN, SERVER[0]), _PASSWORDS), HmacDrbg(b"benchmark"))


def _all(line: _Line, messages: list[bytes], status: bytes) -> None:
    for message in messages:
        assert line.send(message).startswith(b"SIP/2.0 " + status)


def _cpu(work: Callable[[], object]) -> float:
    """Processor seconds of this process: what the machine does for others meanwhile does not count."""
    gc.collect(0)
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        gc.enable()


def register_and_options() -> Row:
    """The same connection, 200 of each in turns, in processor time; the median of the ratios counts."""
    line = _Line(_service(), "1000", 1)
    line.challenged()
    stranger = _Line(line.service, "1001", 2)
    took: dict[str, list[float]] = {"register": [], "options": [], "challenge": []}
    for turn in range(31):
        registers = partial(_all, line, [line.register() for _ in range(200)], b"200")
        options = partial(_all, line, [line.options() for _ in range(200)], b"200")
        challenges = partial(_all, stranger, [stranger.register() for _ in range(200)], b"401")
        kinds = [("register", registers), ("options", options), ("challenge", challenges)]
        for kind, work in kinds[:: -1 if turn % 2 else 1]:
            took[kind].append(_cpu(work) / 200)
    ratio = median(one / other for one, other in zip(took["register"], took["options"], strict=True))
    register, options_, challenge = (median(times) * 1e6 for times in took.values())
    seen = (
        f"REGISTER {register:.0f} µs, OPTIONS {options_:.0f} µs: ratio {ratio:.2f}; a challenge {challenge:.0f} µs,"
        f" so a REGISTER with its challenge {register + challenge:.0f} µs"
    )
    return Row("REGISTER with digest to OPTIONS", seen, "2", ratio <= 2)


def two_thousand_phones() -> Row:
    """2,000 phones register over a connection each; memory as tracemalloc counts it, connections' framers included."""
    gc.collect()
    tracemalloc.start()
    service = _service()
    lines = [_Line(service, user, number) for number, user in enumerate(_PASSWORDS)]
    before = tracemalloc.get_traced_memory()[0]
    for line in lines:
        line.challenged()
        _all(line, [line.register()], b"200")
    service.events.clear()
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(service.registrations) == PHONES
    each = (held - before) / PHONES / 1024
    seen = f"{held / 2**20:.1f} MB with the phones themselves, peak {peak / 2**20:.1f} MB; {each:.1f} KB a phone"
    return Row("2,000 phones registered", seen, "300 MB", peak <= 300 * 2**20)


def wave() -> Row:
    """All 2,000 register again at once after a restart of the network: challenge and credentials each."""
    service = _service()
    lines = [_Line(service, user, number) for number, user in enumerate(_PASSWORDS)]
    asks = [(line, line.register()) for line in lines]
    asking = seconds(lambda: [line.send(data) for line, data in asks])
    for line in lines:
        line.challenged()
    answers = [(line, line.register()) for line in lines]
    answering = seconds(lambda: [line.send(data) for line, data in answers])
    assert len(service.registrations) == PHONES
    again = [(line, line.register()) for line in lines]
    refreshing = seconds(lambda: [line.send(data) for line, data in again])
    ending = seconds(lambda: service.tick(NOW + 4_000_000))
    assert service.registrations == ()
    took = asking + answering
    seen = (
        f"{took:.2f} s ({PHONES / took:,.0f}/s), refreshing {PHONES / refreshing:,.0f}/s,"
        f" all expiring in {ending * 1e3:.0f} ms"
    )
    return Row("a wave of 2,000 registrations", seen, "5 s", took <= 5)
