"""``*.ipsim.yaml``: each is a test."""

from __future__ import annotations

import pytest

from firmware.bench import replay
from tests.plugin.support import INI

pytest_plugins = ("pytester",)

GOOD = """
name: It starts
unit: {platform: ip500v2}
steps:
  - power_on
  - expect: {identity: generated}
"""
BAD = GOOD.replace("generated", "kept").replace("It starts", "It does not hold")
BROKEN = GOOD.replace("power_on", "power_onn").replace("identity", "identiti")
ASKS = GOOD.replace("- expect: {identity: generated}", "- remove: {slot: optional-sd}")


def run(pytester: pytest.Pytester, text: str, *arguments: str, **files: str) -> pytest.RunResult:
    pytester.makefile(".ini", pytest=INI)
    pytester.makefile(".ipsim.yaml", start=text, **files)
    return pytester.runpytest_inprocess("-q", *arguments)


def test_one_that_holds(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", other="no: scenario")
    result = run(pytester, GOOD, "-vv")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["start.ipsim.yaml::It starts PASSED*"])


def test_one_that_does_not(pytester: pytest.Pytester) -> None:
    result = run(pytester, BAD, "--ipsim-seed", "3", fine=GOOD)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "start.ipsim.yaml:5:5: expect: identity: expected kept, found generated",
            "*- ipsim timeline -*",
            "x expect: {identity: kept}",
            "again: ipsim run start.ipsim.yaml --seed 3",
            "steps: ipsim replay .pytest_cache/d/ipsim/start.ipsim.yaml-It-does-not-hold/record.jsonl --back 3",
            "look:  ipsim show --state .pytest_cache/d/ipsim/start.ipsim.yaml-It-does-not-hold/unit",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_its_own_seed_goes_before_the_option(pytester: pytest.Pytester) -> None:
    result = run(pytester, BAD.replace("ip500v2", "ip500v2, seed: 9"), "--ipsim-seed", "3")
    result.stdout.fnmatch_lines(["again: ipsim run start.ipsim.yaml"])


def test_one_that_is_none(pytester: pytest.Pytester) -> None:
    result = run(pytester, BROKEN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "start.ipsim.yaml:4:5: unknown step 'power_onn' (did you mean 'power_on'?)*",
            "start.ipsim.yaml:5:*: unknown field 'identiti' (did you mean 'identity'?)*",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_one_that_asks_for_what_is_not_there(pytester: pytest.Pytester) -> None:
    result = run(pytester, ASKS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["start.ipsim.yaml:5:5: unit: there is no card in the optional-sd slot"])


def test_a_bug_of_ours_is_shown_whole(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_more: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(replay, "run", broken)
    result = run(pytester, GOOD)
    result.stdout.fnmatch_lines(["*def broken(*", "E * RuntimeError: a bug"])
