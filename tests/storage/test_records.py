"""Layouts: each guarded, each the same by every way of parsing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.boot.software import image_of
from firmware.errors import Damaged
from firmware.release import DEFAULT_RELEASE
from firmware.storage import records
from firmware.storage.records import (
    FIRMWARE_HEADER,
    FIRMWARE_HEADER_SIZE,
    FIRMWARE_HEADER_STRUCT,
    build_firmware,
    frame,
    parse_firmware,
    unframe,
)

IMAGE = build_firmware("12.3", date(2024, 10, 1), b"code " * 20)

versions = st.from_regex(r"\A[0-9]{1,2}\.[0-9]{1,2}\Z")


@given(
    versions,
    st.integers(0, 9999),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_the_header_s_struct_is_its_construct_twin(
    version: str, year: int, month: int, day: int, length: int, digest: bytes
) -> None:
    packed = FIRMWARE_HEADER_STRUCT.pack(b"IP500V2\0", version.encode(), year, month, day, length, digest)
    parsed = FIRMWARE_HEADER.parse(packed)
    assert (parsed.version, parsed.year, parsed.month, parsed.day) == (version, year, month, day)
    assert (parsed.magic, parsed.length, parsed.digest) == (b"IP500V2\0", length, digest)
    assert FIRMWARE_HEADER.build({key: value for key, value in parsed.items() if key != "_io"}) == packed
    assert FIRMWARE_HEADER.sizeof() == FIRMWARE_HEADER_SIZE == len(packed)


@given(versions, st.dates(), st.binary(max_size=200))
def test_a_firmware_image_is_read_back(version: str, dated: date, body: bytes) -> None:
    image = parse_firmware(build_firmware(version, dated, body))
    assert (image.version, image.dated, image.data[FIRMWARE_HEADER_SIZE:]) == (version, dated, body)


@pytest.mark.parametrize("at", range(len(IMAGE)))
def test_a_changed_byte_anywhere_in_an_image_is_damage(at: int) -> None:
    with pytest.raises(Damaged, match="firmware image"):
        parse_firmware(IMAGE[:at] + bytes([IMAGE[at] ^ 0x10]) + IMAGE[at + 1 :])


@pytest.mark.parametrize("size", range(len(IMAGE)))
def test_an_image_cut_short_is_damage(size: int) -> None:
    with pytest.raises(Damaged, match="firmware image"):
        parse_firmware(IMAGE[:size])


def test_the_binary_of_a_release_names_it() -> None:
    image = parse_firmware(image_of(DEFAULT_RELEASE))
    assert (image.version, image.dated) == ("12.3", date(2024, 10, 1))


@given(st.binary(max_size=100))
def test_a_frame_is_opened_by_its_own_kind_only(body: bytes) -> None:
    framed = frame(b"KIND", 3, body)
    assert unframe(b"KIND", 3, framed) == body
    for magic, version, text in ((b"MIND", 3, "no MIND file"), (b"KIND", 4, "of version 3; this firmware reads 4")):
        with pytest.raises(Damaged, match=text):
            unframe(magic, version, framed)


@given(st.binary(max_size=40), st.data())
def test_damage_anywhere_in_a_frame_is_seen(body: bytes, data: st.DataObject) -> None:
    framed = frame(b"KIND", 3, body)
    at = data.draw(st.integers(0, len(framed) - 1))
    with pytest.raises(Damaged):
        unframe(b"KIND", 3, framed[:at] + bytes([framed[at] ^ data.draw(st.integers(1, 255))]) + framed[at + 1 :])
    with pytest.raises(Damaged):
        unframe(b"KIND", 3, framed[:at])


VALUES: dict[str, dict[str, Any]] = {
    "BOOT_FLAGS": {"default": 2},
    "LEVEL": {"level": "12.3"},
    "GENERATION": {"number": 7, "created": -1, "same_key": True},
    "NETWORK": {"lans": [{"dhcp": True, "interface": "10.0.0.1/24"}, {"dhcp": False, "interface": ""}]},
    "CONFIGURATION": {
        "system_name": "µ-law",
        "lans": [{"dhcp": True, "interface": "10.0.0.1/24"}],
        "sip_tls": [True, False],
        "users": [{"extension": "201", "name": "Extn201"}],
        "hunt_groups": [],
        "primary": "192.168.42.1",
        "sip_domain": "example.com",
        "sip_fqdn": "sip.example.com",
        "syslog": ["10.1.2.3"],
        "syslog_format": "rfc5424",
        "client_certificates": "asked",
    },
    "SECURITY_SETTINGS": {
        "generation": 2,
        "written_by": "12.3",
        "origin": "made here",
        "identity": {"key": b"key", "chain": [b"one", b"two"]},
        "telephony": {"key": b"", "chain": []},
        "request": {"key": b"another", "der": b"request"},
        "member": {
            "name": "smgr",
            "authority": [b"CA"],
            "key": b"third",
            "request": b"asked",
            "renews": True,
            "pending": True,
            "has_given": True,
        },
        "renews": False,
        "offers_chain": True,
        "checks": [{"level": "High", "since": "11.1"}, {"level": "None", "since": ""}],
        "trusted": [],
        "services": [{"name": "HTTP", "level": "Secure Low"}],
        "users": [{"name": "Administrator", "password": b"", "must_change": True}],
    },
    "AUTHORITY": {"number": 1, "since": 3, "renewals": 2, "issued": 4, "before": 1, "key": b"key", "chain": [b"root"]},
    "SYSTEM": {"release": "12.3", "installation": 1_767_600_000_000},
    "DONE": {"role": "primary"},
}


@pytest.mark.parametrize("name", VALUES)
def test_compiled_and_interpreted_layouts_agree(name: str) -> None:
    layout = getattr(records, name)
    built = records.build(layout, VALUES[name])
    assert built == layout.build(VALUES[name])
    compiled, interpreted = records.parse(layout, built), layout.parse(built)
    for key, value in VALUES[name].items():
        assert list(compiled[key]) == list(interpreted[key]) if isinstance(value, list) else compiled[key] == value


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x02\x00", b"\x01\x02\xff\xfe"])
def test_a_body_of_another_layout_is_damage(body: bytes) -> None:
    with pytest.raises(Damaged, match="passes its checksum but not its layout"):
        records.parse(records.LEVEL, body)
