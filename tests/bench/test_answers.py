"""Answers files: every error has its place; what is left out is as in the built-in answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import platforms
from firmware.bench import answers
from firmware.bench.answers import Given
from firmware.errors import BadInput
from firmware.release import BY_VERSION, DEFAULT_RELEASE
from ignition import pages
from tests.bench.support import ROOT

LINUX = [name for name in platforms.names() if not name.startswith("ip500v2")]


def load(tmp_path: Path, text: str, platform: str = "primary", release: str = "12.3") -> Given:
    (file := tmp_path / "a.yaml").write_text(text)
    return answers.load(file, platforms.load(platform), BY_VERSION[release])


def refused(tmp_path: Path, text: str, platform: str = "primary") -> list[str]:
    """The lines of the error, without the folder."""
    with pytest.raises(BadInput) as error:
        load(tmp_path, text, platform)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_nothing_said_is_the_built_in_answers(tmp_path: Path) -> None:
    assert load(tmp_path, "").pages == {}


@pytest.mark.parametrize("name", LINUX)
def test_the_printed_answers_are_the_built_in_ones(name: str, tmp_path: Path) -> None:
    platform = platforms.load(name)
    (file := tmp_path / "printed.yaml").write_text(answers.template(platform))
    given = answers.load(file, platform, DEFAULT_RELEASE)
    server = answers.server_of(platform, DEFAULT_RELEASE)
    shown = [page for page in pages.ASKED if page.seen(server)]
    assert list(given.pages) == [page.name for page in shown]
    for page in shown:
        assert given.of(page, server) == answers.BUILT_IN.of(page, server)


@pytest.mark.parametrize("name", LINUX)
def test_the_printed_answers_say_the_document_s_page_numbers(name: str) -> None:
    text = answers.template(platforms.load(name))
    assert "\n# 4. Configure network." in text
    assert ("\n# 2. Server type." in text) is (name != "ucm")
    assert ("\n# 7. Security." in text) is (name not in ("secondary", "expansion"))
    assert all(line == line.rstrip() and len(line) <= 120 for line in text.splitlines())


WRONG = """\
licence: {accepted: false}
netwrok: {}
network:
  adress: 10.0.0.1
  mask: 255.0.255.0
  gateway: 10.0.0.1
time: {time_zone: Europe/Berlim, use_ntp: true}
passwords: {root: short, administrator: [1]}
security: {ca: import, ca_file: missing.p12}
initial_configuration: {system_name: x}
"""


def test_every_error_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    said = "\n".join(refused(tmp_path, WRONG))
    for line in (
        "a.yaml:1:11: accepted: The licence terms must be accepted",
        "a.yaml:2:1: unknown page 'netwrok' (did you mean 'network'?)",
        "a.yaml:4:3: unknown field of the page network 'adress' (did you mean 'address'?)",
        "a.yaml:5:3: mask: Enter a subnet mask",
        "a.yaml:7:8: time_zone: Choose a time zone",
        "a.yaml:8:13: root: Use 8 to 31 characters",
        "a.yaml:8:26: [1] is not text",
        "a.yaml:9:24: ",
        "a.yaml:10:1: initial_configuration has fields: primary, system_name; primary is needed",
    ):
        assert line in said, said
    assert "ntp_server: Enter a host name" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "a.yaml:1:1: answers are a mapping of pages"),
        ("[]", "a.yaml:1:1: answers are a mapping of pages"),
        ("false", "a.yaml:1:1: answers are a mapping of pages"),
        ("0", "a.yaml:1:1: answers are a mapping of pages"),
        ("network: 1", "a.yaml:1:1: the page network has fields: interface, mode"),
        (
            "server_type: {server_type: secondary}",
            "this is to be a Server Edition Primary; a secondary is",
        ),
        ("server_type: {server_type: ucm}", "a.yaml:1:15: server_type: Choose one of: Server Edition Primary"),
        ("services: {one_x_portal: true}", "a.yaml:1:1: a Server Edition Primary does not show the page services"),
        ("network: {gateway: 10.9.9.9}", "gateway: The gateway must be a host of the subnet 192.168.42.0/24"),
        ("initial_configuration: {primary: here}", "'here' is no IPv4 address"),
        ("network: {address: &a 10.0.0.1}\nlicence: {accepted: *b}", "is of no value"),
    ],
)
def test_one_error(text: str, said: str, tmp_path: Path) -> None:
    assert said in "\n".join(refused(tmp_path, text))


def test_a_module_is_not_asked_for_the_time(tmp_path: Path) -> None:
    said = refused(tmp_path, "time: {use_ntp: false}\nserver_type: {server_type: primary}\n", "ucm")
    assert "a.yaml:1:8: a Unified Communication Module does not ask for use_ntp" in said
    assert any(line.startswith("a.yaml:2:1: unknown page 'server_type'") for line in said)


def test_a_ca_s_file_lies_beside_the_answers() -> None:
    given = answers.load(
        ROOT / "tests/answers/application_server.yaml", platforms.load("application_server"), DEFAULT_RELEASE
    )
    assert len(given.pages["security"]["ca_file"]) > 2000


def test_passwords_are_typed_twice_for_the_form(tmp_path: Path) -> None:
    given = load(tmp_path, "passwords: {root: Something-1}")
    server = answers.server_of(platforms.load("primary"), DEFAULT_RELEASE)
    form = given.of(pages.BY_NAME["passwords"], server)
    assert form["root"] == form["root_again"] == "Something-1"
    assert form["system"] == form["system_again"] == "Ignition-2026-system"


def test_a_server_that_the_release_does_not_have(tmp_path: Path) -> None:
    assert load(tmp_path, "", "primary", "8.1").pages == {}
