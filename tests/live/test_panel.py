"""The front panel without a browser: what it shows, what it does, and what it refuses."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import platforms
from firmware.appliance import Appliance
from firmware.bench import replay, scenario
from firmware.bench.live.pace import Pace
from firmware.bench.live.panel.eyes import Eyes
from firmware.bench.live.panel.hands import Hands, put_back
from firmware.bench.live.panel.web import Panel, application
from firmware.bench.orders import Order, new_unit
from firmware.bench.recording import as_scenario, reading
from firmware.bench.recording.tape import LiveWorld
from firmware.security.reading import fingerprint
from firmware.times import parse_time
from tests.bench.support import Ipsim
from tests.ignition.browsing import Answer, ask
from tests.live.serving import CLOCK, served, wait_for
from tests.live.test_recording import runs_again

START = parse_time(CLOCK)
HOST = "127.0.0.1:7072"
HEADERS = [("host", HOST), ("origin", f"http://{HOST}"), ("content-type", "application/json")]


class AtPanel:
    """Somebody in front of a new unit's panel, whose time stands still until they let the next thing happen."""

    def __init__(self, platform: str = "ip500v2", speed: float | None = 0) -> None:
        self.unit: Appliance = new_unit(Order(platforms.load(platform), seed=7), START)
        self.lines: list[str] = []
        self.world = LiveWorld(START, self.lines.append)
        self.world.add(self.unit)
        self.world.begin(self.unit, "A session", continues=False)
        self.saved = 0
        self.pace = Pace(self.world, self.unit, speed, lambda: None)
        self.hands = Hands(self.pace, self.world, self.unit, self._save)
        panel = Panel(self.unit, self.hands, Eyes(self.world, self.unit), "this one", None)
        self.app = application(panel)

    def _save(self) -> None:
        self.saved += 1

    def get(self, target: str) -> Answer:
        return ask(self.app, "GET", target, HEADERS[:1])

    def look(self, after: int = 0) -> dict[str, Any]:
        seen = json.loads(self.get(f"/now?after={after}").text)
        assert isinstance(seen, dict)
        return seen

    def ask(self, **deed: Any) -> tuple[int, dict[str, Any]]:
        answer = ask(self.app, "POST", "/do", HEADERS, json.dumps(deed).encode())
        return answer.status, json.loads(answer.text)

    def do(self, name: str, **fields: Any) -> dict[str, Any]:
        status, seen = self.ask(step={name: fields})
        assert (status, seen["said"]) == (200, "")
        return seen

    def until(self, state: str) -> dict[str, Any]:
        for _ in range(60):
            if self.unit.state == state:
                return self.look()
            assert self.ask(next=True)[0] == 200
        raise AssertionError(f"it is in {self.unit.state}")

    def refused(self, name: str, **fields: Any) -> tuple[int, str]:
        status, seen = self.ask(step={name: fields})
        return status, seen["said"]


def at_panel(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test inside an event loop: the pace of time needs one."""

    def run() -> None:
        asyncio.run(test())

    run.__doc__ = test.__doc__
    return run


@at_panel
async def test_a_first_start_step_by_step() -> None:
    panel = AtPanel()
    off = panel.look()
    assert (off["state"]["name"], off["power"], off["next"], off["flash"] is not None) == ("off", False, None, True)
    assert set(off["lights"].values()) == {"off"}
    assert "holds none yet" in panel.get("/certificates").text
    seen = panel.do("power_on", holding="reset")
    assert seen["lights"] == {"cpu": "alternating red/green", "sd": "flashing red", "base": "off"}
    assert seen["next"] == {"what": "it ends", "left": "15s"}
    seen = panel.until("running")
    assert seen["been"][0] == "off"
    assert seen["been"][-1] == "running"
    assert "certificate.generating>running" in seen["ways"]
    assert seen["lans"] == ["192.168.42.1/24", "192.168.43.1/24"]
    texts = [event["text"] for event in seen["events"]]
    assert texts[0] == "power on, reset button held"
    later = panel.look(after=seen["count"] - 1)
    assert [event["number"] for event in later["events"]] == [seen["count"] - 1]
    assert later["now"] == panel.unit.clock.now == START + 236_000
    assert panel.unit.ram.identity is not None
    assert fingerprint(panel.unit.ram.identity.der) in panel.get("/certificates").text
    pem = panel.get("/certificate/identity.pem")
    assert pem.text.startswith("-----BEGIN CERTIFICATE-----")
    assert "attachment" in pem.header("content-disposition")
    assert panel.get("/certificate/root-CA.pem").status == 404


@at_panel
async def test_the_flash_tells_what_changes() -> None:
    panel = AtPanel()
    before = panel.look()
    panel.do("power_on")
    seen = panel.until("certificate.generating")
    assert seen["version"] > before["version"]
    nvm, card = seen["flash"]["parts"]
    assert (nvm["name"], nvm["blocks"], card["name"]) == ("nvm", 256, "system-sd")
    newest = seen["flash"]["changes"][0]
    assert newest["lines"] == ["generation: blank → number 1, 14 bytes"]
    fresh = {block for block, stamp in enumerate(nvm["stamps"]) if stamp == seen["version"]}
    assert fresh == {6, 7}
    again = json.loads(panel.get(f"/now?flash={seen['version']}").text)
    assert again["flash"] is None


@at_panel
async def test_the_plug_is_pulled_and_the_unit_recovers() -> None:
    panel = AtPanel()
    panel.do("power_on")
    panel.until("certificate.generating")
    seen = panel.do("cut_power")
    assert (seen["state"]["name"], seen["power"], seen["events"][-2]["loud"]) == ("off", False, "red")
    panel.do("power_on")
    seen = panel.until("running")
    assert "identity 1 was cut short; it is resumed" in [event["text"] for event in seen["events"]]
    assert panel.saved == 3


@at_panel
async def test_power_is_cut_inside_a_write() -> None:
    panel = AtPanel()
    assert panel.do("cut_power", operation=3)["armed"] == 3
    panel.do("power_on")
    seen = panel.until("off")
    assert seen["armed"] is None
    assert "flash operation 3" in seen["events"][-2]["text"]
    panel.do("power_on")
    panel.until("running")
    panel.world.end()
    made = reading.parse("".join(panel.lines).encode(), "session.jsonl", Path())
    report = replay.run(scenario.parse(as_scenario.text_of(made), "session.yaml", Path()))
    assert report.passed, report.outcomes[-1]
    for name, part in panel.unit.parts().items():
        assert report.units["unit"].parts()[name].image() == part.image()


@at_panel
async def test_buttons_are_held_while_time_stands_still() -> None:
    panel = AtPanel(speed=1.0)
    assert panel.ask(hold="reset")[0] == 409, "the unit is off"
    panel.hands.change_speed("step")
    panel.do("power_on")
    panel.until("running")
    panel.hands.change_speed("60")
    status, seen = panel.ask(hold="reset")
    assert (status, seen["holding"], seen["speed"], seen["rate"]) == (200, True, "60", 0)
    before = panel.pace.now()
    await asyncio.sleep(0.02)
    assert panel.pace.now() == before
    seen = panel.do("press", button="reset", hold="6200ms")
    assert (seen["holding"], seen["rate"], seen["state"]["name"]) == (False, 60, "shutdown.saving")
    assert before + 6200 <= seen["now"] < before + 9000, "the time for which it was held has gone by, once"
    assert panel.ask(hold="reset")[0] == 409
    panel.hands.change_speed("step")
    panel.until("running")
    assert panel.ask(hold="aux")[1]["holding"]
    assert not panel.ask(let_go=True)[1]["holding"]
    assert panel.do("press", button="aux", hold="1s")["state"]["name"] == "running"


@at_panel
async def test_cards_go_out_and_in() -> None:
    panel = AtPanel()
    seen = panel.do("remove", slot="system-sd", **{"as": "mine"})
    assert (seen["slots"], seen["shelf"]) == ({"system-sd": False, "optional-sd": False}, ["mine"])
    assert [part["name"] for part in seen["flash"]["parts"]] == ["nvm"]
    panel.do("power_on")
    panel.until("firmware.none")
    assert panel.refused("remove", slot="system-sd")[0] == 400
    seen = panel.do("insert", slot="system-sd", card="mine")
    assert seen["slots"]["system-sd"]
    seen = panel.do("insert", slot="optional-sd", card="new")
    assert [part["name"] for part in seen["flash"]["parts"]] == ["nvm", "system-sd", "optional-sd"]
    assert panel.refused("insert", slot="optional-sd", card="blank")[0] == 400
    panel.do("remove", slot="optional-sd", **{"as": "another"})
    assert put_back(panel.world, panel.unit) == ["optional-sd"]
    assert panel.unit.slots["optional-sd"].card is not None


@at_panel
async def test_the_clock_and_its_battery() -> None:
    panel = AtPanel()
    panel.do("power_on")
    panel.until("running")
    seen = panel.do("set_clock", to="2027-01-02T03:04:05Z")
    assert seen["reading"] == parse_time("2027-01-02T03:04:05Z")
    assert not panel.do("set_clock", battery="flat")["battery"]
    assert panel.do("cut_power")["reading"] is None


@at_panel
async def test_speeds() -> None:
    panel = AtPanel(speed=30.0)
    assert (panel.look()["speed"], panel.look()["rate"]) == ("30.0", 30)
    for name, rate in (("step", 0), ("1", 1), ("60", 60), ("max", 0)):
        status, seen = panel.ask(speed=name)
        assert (status, seen["speed"], seen["rate"]) == (200, name, rate)
    panel.do("power_on")
    for _ in range(100):
        await asyncio.sleep(0)
    assert panel.unit.state == "running"
    panel.hands.change_speed("60")
    before = panel.pace.now()
    await asyncio.sleep(0.05)
    assert panel.pace.now() >= before + 3000
    assert panel.pace.flowing() >= panel.pace.now()
    panel.pace.stop()


@at_panel
async def test_who_may_ask() -> None:
    panel = AtPanel()
    pull = json.dumps({"step": {"power_on": {}}}).encode()

    def status(headers: list[tuple[str, str]], body: bytes = pull, method: str = "POST", target: str = "/do") -> int:
        return ask(panel.app, method, target, headers, body).status

    host, _, kind = HEADERS
    assert status([host, ("origin", "http://evil.example"), kind]) == 403
    assert status([host, ("origin", f"https://{HOST}"), kind]) == 403
    assert status([host, ("origin", "http://127.0.0.1:8000"), kind]) == 403, "a page at another port"
    assert status([host, ("origin", "null"), kind]) == 403
    assert status([("host", "evil.example:7072"), kind]) == 400, "a name that was made to lead here"
    assert status([("host", "evil.example")], b"", "GET", "/now") == 400
    assert status([host, ("content-type", "text/plain")]) == 415
    assert status([host]) == 415
    assert status([host, kind], pull, "GET") == 405
    for body in (b"", b"[]", b"nonsense", b'{"step": 1, "speed": "1"}', b'{"strange": 1}', b"[" * 4000):
        assert status([host, kind], body) == 400, body
    assert status([host, kind], b'"' + b"x" * 5000 + b'"') == 413
    assert panel.unit.state == "off"
    answer = panel.get("/")
    policy = answer.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in (answer.text, panel.get("/certificates").text):
        assert "style=" not in text, "what the policy forbids"
    assert panel.get("/static/nothing.js").status == panel.get("/static/..%2fweb.py").status == 404
    assert panel.get("/now?after=-1").status == panel.get("/now?flash=x").status == 400


@at_panel
async def test_what_cannot_be_done() -> None:
    panel = AtPanel()
    rows: tuple[Any, ...] = (
        {"wait": {"for": "1h"}}, {"corrupt": {}}, {"power_on": {"until": "running"}}, {"power_on": None}, "reboot",
        {"reboot": {"refusal": "x"}}, {}, {"cut_power": {"state": "running"}},
    )  # fmt: skip
    for row in rows:
        status, seen = panel.ask(step=row)
        assert status == 400, row
        assert "a step is one of" in seen["said"]
    assert panel.refused("insert", slot="usb", card="new")[0] == 400
    assert panel.refused("press", button="power", hold="1s")[0] == 400
    assert panel.refused("press", button="reset", hold="long")[0] == 400
    assert panel.refused("cut_power", operation=0)[0] == 400
    assert panel.refused("set_clock")[0] == 200, "nothing to set, nothing done"
    assert panel.refused("reboot")[0] == 409
    assert panel.ask(speed="7")[0] == panel.ask(hold="any")[0] == 400
    assert panel.unit.state == "off"


@pytest.mark.parametrize("name", platforms.names())
def test_a_panel_has_what_its_unit_has(name: str) -> None:
    async def look() -> None:
        panel = AtPanel(name)
        page, platform = panel.get("/"), panel.unit.platform
        assert page.text.count("data-led=") == len(platform.leds)
        assert page.text.count('class="slot"') == len(platform.slots)
        assert page.text.count("data-hold=") == (2 if "press" in platform.operations else 0)
        assert f">{platform.bring_up.states[-1].name}<" in page.text
        if "press" not in platform.operations:
            assert panel.ask(hold="reset")[0] == panel.refused("press", button="reset", hold="1s")[0] == 400
        panel.do("power_on")
        panel.until("running" if platform.rests_in[-1] == "running" else "ignition.login")
        if not platform.hosted and "press" not in platform.operations:
            panel.do("shutdown")
            assert panel.until("shutdown.done")["can_switch_on"]

    asyncio.run(look())


def _post(url: str, deed: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=30)
    connection.request("POST", "/do", json.dumps(deed), {"Content-Type": "application/json"})
    seen = json.loads(connection.getresponse().read())
    connection.close()
    assert isinstance(seen, dict)
    return seen


def test_a_session_at_the_panel_is_recorded(ipsim: Ipsim, tmp_path: Path) -> None:
    more = ("--clock", CLOCK, "--panel", "0", "--record", str(tmp_path / "session.jsonl"))
    with served("ip500v2", tmp_path / "unit", *more, speed="60") as server:
        url = server.told["panel"]
        assert server.told["listeners"] == []
        _post(url, {"step": {"power_on": {}}})
        _post(url, {"step": {"cut_power": {}}})
        _post(url, {"step": {"remove": {"slot": "system-sd", "as": "mine"}}})
        _post(url, {"speed": "max"})
        _post(url, {"step": {"insert": {"slot": "system-sd", "card": "mine"}}})
        _post(url, {"step": {"power_on": {}}})
        wait_for(lambda: _post(url, {"speed": "max"})["state"]["name"] == "running", "it does not come up")
        wait_for(lambda: "sip-tcp" in (server.state.with_name("unit.json")).read_text(), "nothing is offered")
        _post(url, {"step": {"press": {"button": "reset", "hold": "6s"}}})
        wait_for(lambda: _post(url, {"speed": "max"})["state"]["name"] == "running", "it does not come up again")
        _post(url, {"step": {"cut_power": {}}})
        wait_for(lambda: "sip-tcp" not in (server.state.with_name("unit.json")).read_text(), "a port is open")
        _post(url, {"step": {"remove": {"slot": "system-sd", "as": "mine"}}})
        code, said, errors = server.end()
        assert (code, errors) == (0, "")
        assert said.endswith("the card that was taken out is in system-sd again: it would be lost otherwise\n")
    text = runs_again(ipsim, tmp_path)
    assert "press: {button:" in text
    assert "system-sd" in ipsim.well("show", "--state", tmp_path / "unit")
    assert "in operation" in ipsim.well("boot", "ip500v2", "--state", tmp_path / "unit")


def test_a_server_without_power_answers_nobody(tmp_path: Path) -> None:
    with served("primary", tmp_path / "unit", "--clock", CLOCK, "--panel", "0") as server:
        url = server.told["panel"]
        for _ in range(2):
            with pytest.raises(OSError):
                server.connect()
            _post(url, {"step": {"power_on": {}}})
            wait_for(lambda: _post(url, {"let_go": True})["state"]["name"] == "ignition.login", "it does not come up")
            with server.connect() as connection:
                _post(url, {"step": {"cut_power": {}}})
                with suppress(OSError):
                    assert connection.recv(1) == b"", "who was connected is so no more"
        assert server.end()[0] == 0


def test_with_something_to_set_the_unit_comes_up_first(tmp_path: Path) -> None:
    more = ("--clock", CLOCK, "--panel", "0", "--enable-sip-tls", "lan1")
    with served("ip500v2", tmp_path / "unit", *more) as server:
        assert server.place("sip-tls")
        assert _post(server.told["panel"], {"speed": "max"})["state"]["name"] == "running"
        assert server.end()[0] == 0
