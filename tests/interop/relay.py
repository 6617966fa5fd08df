"""A wire between a client and a unit that keeps what it carries, for a network analyser: no capturing, no privilege."""

from __future__ import annotations

import json
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.live import HOST, run
from tests.live.serving import PATIENCE

CLIENT, SERVER = "192.0.2.10", "192.0.2.1"
PORT = 5061
Segment = tuple[str, bytes]


class Relay:
    """One connection after the other. ``segments`` are what went by, from the client ("O") and back ("I")."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.segments: list[Segment] = []
        self._server = socket.create_server((HOST, 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed
                return
            with client, socket.create_connection((HOST, self.target), timeout=PATIENCE) as unit:
                self._carry(client, unit)

    def _carry(self, client: socket.socket, unit: socket.socket) -> None:
        ends = {client: (unit, "O"), unit: (client, "I")}
        with selectors.DefaultSelector() as selector:
            for end in ends:
                selector.register(end, selectors.EVENT_READ)
            while ready := selector.select(PATIENCE):
                for key, _ in ready:
                    assert isinstance(key.fileobj, socket.socket)
                    other, direction = ends[key.fileobj]
                    try:
                        data = key.fileobj.recv(16 * 1024)
                        self.segments.append((direction, data))
                        other.sendall(data)
                    except OSError:
                        return
                    if not data:
                        return

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(PATIENCE)


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    made = Relay(target)
    try:
        yield made
    finally:
        made.close()


def pcap(segments: list[Segment], path: Path) -> Path:
    """Written by text2pcap from a dump in hexadecimal, one packet a segment."""
    lines = []
    for number, (direction, data) in enumerate(part for part in segments if part[1]):
        lines.append(f"{direction} 10:00:{number // 1000:02}.{number % 1000:03}")
        lines += [f"{at:06x} {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16)]
    (dump := path.with_suffix(".txt")).write_text("\n".join(lines) + "\n")
    ran = run("text2pcap", "-q", "-D", "-t", "%H:%M:%S.", "-4", f"{SERVER},{CLIENT}", "-T", f"{PORT},40000", dump, path)
    assert ran.code == 0, ran.said
    return path


def dissected(capture: Path, keys: Path | None, *fields: str) -> list[dict[str, list[str]]]:
    """These fields of each packet, as tshark sees them with the TLS key log, or without."""
    ran = run(
        "tshark", "-r", capture, "-d", f"tcp.port=={PORT},tls", "-d", f"tls.port=={PORT},sip",
        *(["-o", f"tls.keylog_file:{keys}"] if keys else []),
        "-T", "json", *(part for field in fields for part in ("-e", field)),
    )  # fmt: skip
    assert ran.code == 0, ran.said
    packets: list[dict[str, Any]] = json.loads(ran.said[ran.said.index("[") :])
    return [dict(packet["_source"].get("layers", {})) for packet in packets]
