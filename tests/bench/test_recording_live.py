"""What is done to a unit that is live, recorded as steps: by its pages, its buttons, its plug."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from firmware.appliance import Appliance
from firmware.bench import replay, scenario
from firmware.bench.orders import Order, new_unit
from firmware.bench.recording import as_scenario, differing, moments, reading, replaying, showing
from firmware.bench.recording.tape import LiveWorld
from firmware.bench.start import end
from firmware.bench.steps.table import STEPS
from firmware.bench.world import Asking
from firmware.errors import NotNow
from firmware.platform import operate
from firmware.times import HOUR, MINUTE, SECOND, parse_time
from ignition.web import application
from platforms import load
from tests.bench.support import Ipsim
from tests.ignition.browsing import PASSWORDS, Browser, answer

T = TypeVar("T")
START = parse_time("2026-11-23T09:00:00Z")


class Session:
    """A unit that people do things to; ``lines`` is the recording."""

    def __init__(self, platform: str = "ip500v2") -> None:
        self.lines: list[str] = []
        self.unit: Appliance = new_unit(Order(load(platform), seed=7), START)
        self.world = LiveWorld(START, self.lines.append)
        self.world.add(self.unit)
        self.world.begin(self.unit, "A session", continues=False)
        self.tokens = iter(f"secret-{number}" for number in range(1000))

    def act(self, action: Callable[[], T]) -> T:
        """As the pages of a live unit do it."""
        asking = Asking(action)
        self.world.act(self.unit, asking)
        return asking.results[0]

    def do(self, operation: str, **arguments: Any) -> Session:
        self.act(partial(operate, self.unit, operation, **arguments))
        return self

    def wait(self, ms: int) -> Session:
        self.world.run_until(self.world.now + ms)
        return self

    def settle(self) -> Session:
        self.world.settle()
        return self

    def browser(self) -> Browser:
        return Browser(application(self.unit, self.act, lambda: next(self.tokens), {"127.0.0.1"}))

    def recording(self, folder: Path = Path()) -> reading.Recording:
        self.world.end()
        return reading.parse("".join(self.lines).encode(), "session.jsonl", folder)


def rows(made: reading.Recording) -> list[Any]:
    return list(yaml.safe_load(as_scenario.text_of(made))["steps"])


def runs_again(session: Session, folder: Path = Path()) -> reading.Recording:
    """The recording, held to run again event by event, and to be a scenario that ends in the same flash."""
    made = session.recording(folder)
    assert replaying.go_to(made, moments.end_of(made, len(made.steps) - 1)).difference is None
    report = replay.run(scenario.parse(as_scenario.text_of(made), "session.yaml", folder))
    assert report.passed, report.outcomes[-1]
    for name, part in session.unit.parts().items():
        assert report.units["unit"].parts()[name].image() == part.image()
    return made


def test_things_done_while_it_is_busy() -> None:
    """The plug is pulled while the certificate is made, a button is held, the next things come while it restarts."""
    session = Session().do("power_on").wait(2 * MINUTE)
    assert session.unit.state == "certificate.generating"
    session.world.cut_power(session.unit, "the plug was pulled")
    session.wait(3 * SECOND).do("power_on", holding="reset").settle().wait(1)
    session.do("set_address", lan=0, interface="10.0.0.1/24").do("set_address", lan=1, interface=None)
    session.do("press", button="aux", held=6 * SECOND).wait(5 * SECOND)
    with pytest.raises(NotNow):
        session.do("reboot")
    session.settle()
    made = runs_again(session)
    assert {"cut_power": {"why": "the plug was pulled"}} in rows(made)
    assert {"set_address": {"lan2": "dhcp", "at_once": True}} in rows(made)
    assert {"press": {"button": "aux", "hold": "6s", "at_once": True}} in rows(made)
    (refused,) = [row["reboot"] for row in rows(made) if "reboot" in row]
    assert "refusal" in refused


def test_a_step_at_a_card_slot() -> None:
    """What is no operation is done as a step: the card that is taken out, and put in again."""
    session = Session().do("power_on").settle()
    for row in ({"remove": {"slot": "system-sd", "as": "mine"}}, {"insert": {"slot": "system-sd", "card": "mine"}}):
        (name, fields), = row.items()  # fmt: skip
        with session.world.as_step(session.unit, row):
            STEPS[name].model_validate(fields).run(session.world, session.unit)
        session.wait(MINUTE)
    assert [row for row in rows(runs_again(session)) if "remove" in row or "insert" in row] == [
        {"remove": {"slot": "system-sd", "as": "mine"}},
        {"insert": {"slot": "system-sd", "card": "mine"}},
    ]


def test_every_operation_with_arguments_of_its_own() -> None:
    session = Session().do("power_on").settle()
    session.do("set_clock", reading=session.unit.clock.now + HOUR).do("change_at_phone", extension="201", name="Ann")
    session.do("reboot", at=3 * HOUR + 30 * MINUTE).wait(24 * HOUR)
    session.do("upgrade", release="12.3").settle().do("default_security", via="serial", mac=session.unit.mac).settle()
    session.do("shutdown", off_for=10 * MINUTE).wait(HOUR).do("default_configuration").settle().do("shutdown").settle()
    made = runs_again(session)
    told = {name: fields for row in rows(made) for name, fields in row.items()}
    assert told["reboot"]["at"] == "03:30"
    assert told["default_security"]["via"] == "serial"
    assert {"shutdown": {"for": "10m", "at_once": True}} in rows(made)


def test_the_wizard_and_the_platform_page(tmp_path: Path) -> None:
    session = Session("primary").do("power_on").settle()
    one, other = session.browser(), session.browser()
    one.log_in()
    answer(one)
    other.log_in(password="wrong")
    session.wait(1500)
    other.log_in()
    other.open("/ignition/licence")
    while not one.page.form().action.endswith("/review"):
        answer(one)
        session.wait(700)
    one.submit()
    session.wait(20 * SECOND)
    other.open("/apply")
    session.settle()
    one.log_in(password=PASSWORDS["administrator"])
    one.submit("/platform/lan1", lan1_mode="static", lan1_address="10.1.2.3", lan1_mask="16")
    session.settle()
    one.submit("/platform/host-name", host_name="branch7")
    session.settle()
    one.submit("/logout")
    end(session.world, session.unit, pull_plug=False)
    made = runs_again(session, tmp_path)
    text = as_scenario.text_of(made)
    assert "secret-" not in "".join(session.lines), "the tokens of sessions stay where they are"
    assert PASSWORDS["administrator"] not in "".join(step.line.text for step in made.steps)
    for word in ("log_in: Administrator, password: wrong", "refusal:", "browser: browser3", "log_out: true"):
        assert word in text, word


def test_two_browsers_that_save_one_page() -> None:
    """The second one has a form from before the first one saved it: refused then, and refused again."""
    session = Session("primary").do("power_on").settle()
    one, other = session.browser(), session.browser()
    for browser in (one, other):
        browser.log_in()
    answer(one)
    one.open("/ignition/licence")
    other.open("/ignition/server_type")
    answer(one)
    answer(one)
    other.submit(server_type="secondary")
    session.settle()
    made = runs_again(session)
    assert "Somebody else has saved this page meanwhile" in as_scenario.text_of(made)


def test_a_file_that_was_sent_is_not_in_the_recording(ipsim: Ipsim, tmp_path: Path) -> None:
    session = Session("primary").do("power_on").settle()
    browser = session.browser()
    browser.log_in()
    while not browser.page.form().action.endswith("/security"):
        answer(browser)
    sent = b"-----BEGIN PRIVATE KEY-----\nno key at all\n-----END PRIVATE KEY-----\n"
    browser.submit(files={"ca_file": sent}, ca="import")
    end(session.world, session.unit, pull_plug=True)
    made = session.recording(tmp_path)
    assert "PRIVATE KEY" not in "".join(session.lines)
    file = tmp_path / "session.jsonl"
    file.write_text("".join(session.lines))
    said = ipsim("scenario", file)
    assert said.code == 1
    (name,) = {name for step in made.steps for name in step.line.files}
    assert f"# put here as {name}: the file with the SHA-256" in said.out
    assert f"{name}, the file with the SHA-256" in said.err
    assert ipsim("replay", file).code == 1
    assert ipsim("replay", file, "--to", 3).code == 0, "before that there is nothing that is lacking"
    (tmp_path / name).write_bytes(sent)
    ipsim.well("scenario", file)
    ipsim.well("replay", file)


def test_what_no_step_does_is_said(ipsim: Ipsim, tmp_path: Path) -> None:
    session = Session().do("power_on").settle()
    session.world.act(session.unit, lambda: session.unit.note("led", led="SD", shows="off", why="a test"))
    session.settle()
    file = tmp_path / "session.jsonl"
    session.world.end()
    file.write_text("".join(session.lines))
    said = ipsim("scenario", file)
    assert said.code == 1
    assert "  # not repeated: something that no step of a scenario does" in said.out
    assert "something that no step of a scenario does" in ipsim.refuses("replay", file, code=1)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text.replace("name: A session", "- A session"), ":1: scenario:"),
        (lambda text: text.replace("platform: ip500v2", "platform: ip600"), "as a scenario:2:8: unknown platform"),
        (
            lambda text: text.replace('"row":{"power_on":{"at_once":true}}', '"row":{"power_on":true}'),
            ":3: row.power_on",
        ),
        (lambda text: text.replace('"row":{"power_on":{"at_once":true}}', '"row":{}'), ":3: row: "),
        (lambda text: text.replace('"row":{"power_on":{"at_once":true}}', '"row":{"power_off":{}}'), "power_off"),
    ],
)
def test_a_session_that_was_tampered_with(spoil: Callable[[str], str], says: str, ipsim: Ipsim, tmp_path: Path) -> None:
    session = Session().do("power_on").settle()
    lines = list(session.lines)  # it was killed: nothing seals it
    file = tmp_path / "session.jsonl"
    file.write_text(spoil("".join(lines)))
    assert says in ipsim.refuses("replay", file)


def test_what_comes_from_the_network_is_no_part_of_the_run() -> None:
    session = Session().do("power_on").settle()
    session.unit.note("peer.refused", peer="a client", service="TLS", objections=["expired"])
    session.do("shutdown").settle()
    made = runs_again(session)
    assert [event.kind for event in made.outside] == ["peer.refused"]
    seen = replaying.go_to(made, moments.end_of(made, 1))
    assert "1 event of a peer does not come again" in showing.show_moment(made, moments.end_of(made, 1), seen)
    assert "peer.refused" not in [event.kind for event in made.events]
    assert differing.difference(made, made) is None
