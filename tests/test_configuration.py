"""What an administrator sets, and how it is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.configuration import (
    CLIENT_CERTIFICATES,
    DEFAULT_HUNT_GROUPS,
    DEFAULT_USERS,
    FALLBACK_ADDRESSES,
    SYSLOG_FORMATS,
    Configuration,
    Lan,
    factory,
    from_bytes,
    lans_from_bytes,
    lans_to_bytes,
    sip_password,
)
from firmware.device.entropy import Entropy
from firmware.errors import Damaged

MAC = "00e00705918e"

texts = st.text(st.characters(codec="utf-8"), max_size=60)
interfaces = st.one_of(st.just(""), st.builds("{}/{}".format, st.ip_addresses(v=4), st.integers(0, 32)))
lans = st.lists(st.builds(Lan, st.booleans(), interfaces), max_size=3).map(tuple)
pairs = st.lists(st.tuples(texts, texts), max_size=5).map(tuple)
configurations = st.builds(
    Configuration,
    texts,
    lans,
    st.lists(st.booleans(), max_size=3).map(tuple),
    pairs,
    pairs,
    texts,
    syslog=st.lists(texts, max_size=2).map(tuple),
    syslog_format=st.sampled_from(SYSLOG_FORMATS),
    client_certificates=st.sampled_from(CLIENT_CERTIFICATES),
)


def _factory(lans: tuple[Lan, ...]) -> Configuration:
    return factory(MAC, lans, DEFAULT_USERS.value, DEFAULT_HUNT_GROUPS.value)


def test_factory_configuration() -> None:
    fallback = (Lan(True, "192.168.42.1/24"), Lan(True, "192.168.43.1/24"))
    assert tuple(lan.interface for lan in fallback) == FALLBACK_ADDRESSES.value
    assert _factory(fallback) == Configuration(
        system_name="00e00705918e",
        lans=fallback,
        sip_tls=(False, False),
        users=(
            ("201", "Extn201"),
            ("202", "Extn202"),
            ("203", "Extn203"),
            ("204", "Extn204"),
            ("205", "Extn205"),
            ("206", "Extn206"),
            ("207", "Extn207"),
            ("208", "Extn208"),
        ),
        hunt_groups=(("200", "Main"),),
    )
    assert _factory(fallback).client_certificates == "off"


@given(configurations)
def test_what_is_kept_is_read_back(configuration: Configuration) -> None:
    assert from_bytes(configuration.to_bytes()) == configuration


@given(lans)
def test_addresses_are_kept_apart(kept: tuple[Lan, ...]) -> None:
    assert lans_from_bytes(lans_to_bytes(kept)) == kept


def test_any_changed_byte_is_damage() -> None:
    data = _factory((Lan(), Lan())).to_bytes()
    for at in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            with pytest.raises(Damaged):
                from_bytes(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])


def test_a_file_of_another_length_is_damage() -> None:
    data = _factory((Lan(), Lan())).to_bytes()
    for other in (*(data[:length] for length in range(len(data))), data + b"\0"):
        with pytest.raises(Damaged):
            from_bytes(other)


@pytest.mark.parametrize("interface", ["somewhere", "192.168.42.1/33", "192.168.42.256/24", "::1/64"])
def test_an_address_that_is_none_is_damage(interface: str) -> None:
    wrong = (Lan(False, interface),)
    with pytest.raises(Damaged, match="no address of a LAN"):
        lans_from_bytes(lans_to_bytes(wrong))
    with pytest.raises(Damaged, match="no address of a LAN"):
        from_bytes(_factory(wrong).to_bytes())


@pytest.mark.parametrize("wrong", ["", "Off", "always", "required "])
def test_a_setting_of_client_certificates_that_is_none_is_damage(wrong: str) -> None:
    with pytest.raises(Damaged, match="says nothing of client certificates"):
        from_bytes(replace(_factory((Lan(), Lan())), client_certificates=wrong).to_bytes())


@pytest.mark.parametrize(("interface", "address"), [("192.168.42.1/24", "192.168.42.1"), ("", "")])
def test_the_address_of_a_lan(interface: str, address: str) -> None:
    assert Lan(False, interface).address == address


def test_one_lan_or_one_user_changes_alone() -> None:
    before = _factory((Lan(), Lan()))
    fixed = Lan(False, "10.0.0.2/8")
    changed = before.with_lan(1, fixed).with_user_name("203", "Ada")
    assert changed.lans == (Lan(), fixed)
    assert dict(changed.users) == dict(before.users) | {"203": "Ada"}
    assert (changed.system_name, changed.sip_tls, changed.hunt_groups) == (
        before.system_name,
        before.sip_tls,
        before.hunt_groups,
    )


def test_each_unit_has_its_own_sip_password() -> None:
    passwords = {sip_password(Entropy(seed, mac)) for seed in (1, 2) for mac in (MAC, "00e007000001")}
    assert len(passwords) == 4
    assert all(len(password) == 8 and password.isdecimal() for password in passwords)
    assert sip_password(Entropy(1, MAC)) == sip_password(Entropy(1, MAC))
