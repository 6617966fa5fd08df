"""A network trace of a live IP500 V2, and tshark: with the key log it can be read, and holds no secret even then."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.clients import baresip_registers, sipsak_registers
from tests.interop.live import HOST, OTHER_ROOT, Live, run
from tests.interop.relay import dissected, pcap, relay


def by_sipsak(folder: Path, unit: Live, port: int) -> None:
    assert sipsak_registers(folder, unit, port=port).code == 0


def by_baresip(folder: Path, unit: Live, port: int) -> None:
    baresip_registers(folder, unit, port=port)


def values(packets: list[dict[str, list[str]]], field: str) -> list[str]:
    return [value for packet in packets for value in packet.get(field, [])]


SEEN = ("sip.Method", "sip.Status-Code", "sip.auth.digest.response", "sip.msg_hdr", "tls.handshake.type")
REGISTERS: dict[str, Callable[[Path, Live, int], None]] = {"1.2": by_sipsak, "1.3": by_baresip}


@pytest.mark.parametrize("version", REGISTERS)
def test_a_registration_can_be_read_with_the_key_log_only(version: str, live: Live, tmp_path: Path) -> None:
    with relay(live.port("sip-tls")) as wire:
        REGISTERS[version](tmp_path, live, wire.port)
    capture = pcap(wire.segments, tmp_path / "registration.pcap")
    blind = dissected(capture, None, *SEEN)
    assert values(blind, "tls.handshake.type")
    assert values(blind, "sip.Method") == []
    packets = dissected(capture, live.keys, *SEEN)
    assert values(packets, "sip.Method") == ["REGISTER", "REGISTER"]
    assert values(packets, "sip.Status-Code") == ["401", "200"]
    (digest,) = values(packets, "sip.auth.digest.response")
    assert re.fullmatch('"?[0-9a-f]{32}"?', digest)
    assert live.password not in "".join(values(packets, "sip.msg_hdr"))
    assert digest.strip('"') not in live.log, "in the unit's own log there is not even the digest"


ALERTS = {"unknown_ca": ["48"], "certificate_expired": ["45"]}
REASONS = {"unknown_ca": ["-CAfile", OTHER_ROOT], "certificate_expired": ["-attime", 2051222400]}


@pytest.mark.parametrize("version", ["1_2", "1_3"])
@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_on_the_wire(alert: str, version: str, live: Live, tmp_path: Path) -> None:
    with relay(live.port("sip-tls")) as wire:
        ran = run("openssl", "s_client", "-connect", f"{HOST}:{wire.port}", f"-tls{version}", "-verify_return_error",
                  "-no-CApath", "-no-CAstore", "-CAfile", live.root, *REASONS[alert])  # fmt: skip
    assert ran.code == 1
    packets = dissected(pcap(wire.segments, tmp_path / "alert.pcap"), live.keys, "tls.alert_message.desc")
    assert values(packets, "tls.alert_message.desc") == ALERTS[alert]


def test_what_could_decrypt_is_its_owners_and_holds_no_private_key(live: Live) -> None:
    run("openssl", "s_client", "-connect", f"{HOST}:{live.port('sip-tls')}")
    labels = {line.split()[0] for line in live.keys.read_text().splitlines()}
    assert labels <= {
        "CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
    }  # fmt: skip
    for path in (live.keys, live.directory / "log", live.directory / "told.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for text in (live.log, live.out):
        assert "PRIVATE KEY" not in text
        assert live.password not in text
