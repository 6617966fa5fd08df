"""Whom a live unit's services take as a client: each by its own settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.appliance import Appliance
from firmware.bench.live.contexts import Context, Contexts
from firmware.credentials import preferences
from firmware.security.certificates import Identity
from firmware.security.tls_client import Check, Client, ServerEnd, handshake
from tests.boot.units import do, running
from tests.credentials.units import issued, pem_of, third_party


def meet(unit: Appliance, context: Callable[[], Context], shown: Identity | None) -> bool:
    """Whether a client that shows this certificate is taken; each time by a context of its own."""
    assert unit.ram.settings is not None
    identity = preferences.presented(unit.ram.settings)
    assert identity is not None
    end = ServerEnd(context()(identity))
    handshake(Client(Check.NOTHING, newest="TLS 1.2", identity=shown), end)
    return end.is_open


def test_secure_high_judges_by_the_checks_of_management_whatever_telephony_asks_for() -> None:
    unit = running()
    do(unit, "set_service", service="HTTP", level="Secure High")
    do(unit, "set_checks", management="Medium")
    refused: list[list[str]] = []

    def of_files() -> Context:
        return Contexts(unit, "1.3", None, refused.append).of_files()

    assert not meet(unit, of_files, None)
    assert not meet(unit, of_files, issued())
    assert "no chain" in refused[0][0]
    do(unit, "trust", data=pem_of(third_party().root))
    assert meet(unit, of_files, issued())


@pytest.mark.parametrize(("setting", "without", "foreign"), [
    ("off", True, True), ("asked", True, False), ("required", False, False),
])  # fmt: skip
def test_sip_asks_as_set_and_judges_by_the_checks_of_telephony(setting: str, without: bool, foreign: bool) -> None:
    unit = running()
    do(unit, "set_checks", telephony="Medium")
    do(unit, "set_client_certificates", setting=setting)

    def of_registrar() -> Context:
        return Contexts(unit, "1.3", None, lambda _objections: None).of_registrar()

    assert meet(unit, of_registrar, None) is without
    assert meet(unit, of_registrar, issued()) is foreign
