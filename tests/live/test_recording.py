"""``ipsim serve --record``: a session with browsers is run again, becomes a scenario, and ends in the same flash."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.bench.support import Ipsim
from tests.ignition.browsing import PASSWORDS, answer
from tests.live.serving import CLOCK, Served, served, wait_for
from tests.live.test_serve import OverTheWire, go_on

SECRET = PASSWORDS["administrator"]


def is_up(browser: OverTheWire) -> None:
    wait_for(lambda: "This server is set up" in browser.open("/apply").text, "Apply does not end")


def another_address(browser: OverTheWire) -> None:
    browser.log_in(password=SECRET)
    page = browser.submit("/platform/lan1", lan1_mode="static", lan1_address="10.1.2.3", lan1_mask="16")
    assert "10.1.2.3/16" in page.words


def another_identity(server: Served) -> None:
    before = server.certificate().serial_number
    server.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: server.certificate().serial_number != before, "no other identity")


def runs_again(ipsim: Ipsim, folder: Path) -> str:
    """The scenario of the recording, held to end in the flash of the session."""
    recording, state = folder / "session.jsonl", folder / "unit"
    assert "each as it was recorded" in ipsim.well("replay", recording)
    text = ipsim.well("scenario", recording)
    (folder / "session.yaml").write_text(text)
    ipsim.well("run", folder / "session.yaml", "--state", folder / "again", "--record", folder / "again.jsonl")
    images = sorted(path.name for path in state.glob("*.img"))
    assert images
    for name in images:
        assert (folder / "again" / name).read_bytes() == (state / name).read_bytes(), name
    assert "equal" in ipsim.well("diff", recording, folder / "again.jsonl")
    return text


@pytest.mark.parametrize("speed", ["max", "60"])
def test_a_session_at_the_wizard_and_after_it(speed: str, ipsim: Ipsim, tmp_path: Path) -> None:
    more = ("--clock", CLOCK, "--record", str(tmp_path / "session.jsonl"))
    with served("primary", tmp_path / "unit", *more, speed=speed) as server, OverTheWire(server) as browser:
        browser.log_in()
        answer(browser)
        with OverTheWire(server) as other, OverTheWire(server) as stranger:
            other.log_in()
            other.open("/ignition/licence")
            assert stranger.log_in(password="wrong").status != 200
        browser.open("/ignition/review")  # before its turn: it leads back
        go_on(browser)
        is_up(browser)
        another_address(browser)
        another_identity(server)
        assert server.end()[::2] == (0, "")
    text = runs_again(ipsim, tmp_path)
    for step in ("log_in: Administrator", "send: licence", "send: review", 'set_address: {lan1: "10.1.2.3/16"',
                 "default_security: {at_once: true", "browser: browser2", "cut_power:"):  # fmt: skip
        assert step in text, step


def test_phones_and_restarts_of_an_ip500v2(ipsim: Ipsim, tmp_path: Path) -> None:
    more = ("--clock", CLOCK, "--enable-sip-tls", "lan1", "--client-certificates", "asked")
    with served("ip500v2", tmp_path / "unit", *more, "--record", str(tmp_path / "session.jsonl")) as server:
        assert server.place("sip-tls")
        assert server.end()[::2] == (0, "")
    text = runs_again(ipsim, tmp_path)
    assert "set_sip_tls: {lan1: true, at_once: true}" in text
    assert "set_client_certificates: {setting: asked, at_once: true}" in text


def test_what_was_recorded_before_a_kill_can_be_looked_at(ipsim: Ipsim, tmp_path: Path) -> None:
    more = ("--clock", CLOCK, "--record", str(tmp_path / "session.jsonl"))
    with served("primary", tmp_path / "unit", *more) as server, OverTheWire(server) as browser:
        browser.log_in()
        answer(browser)
        server.end(signal.SIGKILL)
    assert "ignition.server_type" in ipsim.well("replay", tmp_path / "session.jsonl")
