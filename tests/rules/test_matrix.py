"""The matrix of expectations: every cell is spoken of, and a wrong file says where and what is allowed."""

from __future__ import annotations

import re

import pytest

import platforms
from firmware.basis import Basis
from firmware.bench.rules import case, matrix, triggers
from firmware.bench.rules.check import NOT_OFFERED, Status, planned
from firmware.errors import BadInput
from firmware.release import RELEASES
from tests.bench.support import ROOT
from tests.rules.support import cell

PLATFORMS = [platforms.load(name) for name in platforms.names()]
EVERY = list(planned(case.cells(PLATFORMS, list(RELEASES), list(triggers.table().triggers))))
# fmt: off
KEYS = {"SEED", "A", "B", "C", "M", "CC", "CN", "U", "L", "S", "MC", "K9", "R62", "RS", "TB145", "SG", "MAN", "KB",
        "OURS"}
# fmt: on


def test_every_cell_is_expected_or_not_offered() -> None:
    assert len(EVERY) == len(platforms.names()) * len(RELEASES) * len(triggers.table().triggers)
    assert {result.status for result in EVERY} == {Status.EXPECTED, Status.NOT_OFFERED}


def test_every_trigger_is_offered_somewhere() -> None:
    offered = {result.cell.trigger for result in EVERY if result.status is Status.EXPECTED}
    assert offered == set(triggers.table().triggers)


def test_every_platform_and_release_has_cells() -> None:
    offered = {(r.cell.platform.name, r.cell.release) for r in EVERY if r.status is Status.EXPECTED}
    assert offered == {(name, release) for name in platforms.names() for release in platforms.load(name).releases()}


def test_what_is_not_offered_says_why() -> None:
    for result in EVERY:
        said = result.expected
        assert result.status is Status.EXPECTED or result.why or (said and said.outcome == NOT_OFFERED), result.cell


@pytest.mark.parametrize("said", sorted({(s.basis, s.source) for s in matrix.built_in().values()}))
def test_a_row_cites_a_document_unless_it_is_assumed(said: tuple[str, str]) -> None:
    basis, source = said
    assert source
    if basis != Basis.ASSUMED.value:
        assert KEYS & set(re.findall(r"[A-Z0-9]+", source.partition(":")[0])), said


def test_the_matrix_is_read_from_documents_and_not_from_the_policy() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "firmware/bench/rules").glob("*.*"))
    assert "policy" not in text


ROW = "rules:\n  - {platform: ip500v2, trigger: lan1_address, outcome: kept, basis: inferred, source: mine}\n"


def said(text: str) -> str:
    with pytest.raises(BadInput) as refused:
        matrix.parse(text, "my.yaml", is_users=True)
    return str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("ip500v2", "ip500", "my.yaml:2:6: unknown platform 'ip500' (did you mean 'ip500v2'?): application_server, "),
        ("lan1_address", "lan1_adress", "my.yaml:2:25: unknown trigger 'lan1_adress' (did you mean 'lan1_address'?): "),
        ("kept", "keep", "my.yaml:2:48: unknown outcome 'keep' (did you mean 'kept'?): none, generated, kept, "),
        ("inferred", "infered", "my.yaml:2:63: unknown basis 'infered' (did you mean 'inferred'?): documented, "),
        (
            "outcome: kept",
            'since: "12.1", outcome: kept',
            "my.yaml:2:48: unknown release '12.1' (did you mean '12.3'?)",
        ),
        ("outcome: kept", "root: keep, outcome: kept", "my.yaml:2:48: unknown outcome of the root CA 'keep'"),
        ("outcome: kept,", "", "the field 'outcome' is needed"),
        ("source", "sauce", "unknown field 'sauce' (did you mean 'source'?): platform, trigger, since, before, "),
        ("outcome: kept", "since: 9.1, before: 8.1, outcome: kept", "no release is from 9.1 on and before 8.1"),
        ("platform: ip500v2", "platform: []", "a row names at least one platform and one trigger"),
        ("trigger: lan1_address", "trigger: [lan1_address, sip]", "my.yaml:2:49: unknown trigger 'sip'"),
        ("rules:", "rows:", "my.yaml:1:1: unknown field 'rows': rules is known"),
        ("{platform", "[platform", "malformed YAML"),
    ],
)
def test_a_wrong_file_says_where_and_what_is_allowed(old: str, new: str, answer: str) -> None:
    assert answer in said(ROW.replace(old, new))


def test_every_error_is_told_at_once() -> None:
    lines = said(ROW.replace("ip500v2", "ip500").replace("kept", "keep")).splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["my.yaml:2:6", "my.yaml:2:46"]


@pytest.mark.parametrize("text", ["[]", "rules: 5", "rules: [kept]"])
def test_a_file_of_another_form_is_refused(text: str) -> None:
    assert said(text).startswith("my.yaml:1:")


def test_two_rows_for_one_cell_are_refused() -> None:
    second = '  - {platform: any, trigger: [sip_fqdn, lan1_address], since: "12.0", outcome: new key}\n'
    assert said(ROW + second) == ("my.yaml:3:5: ip500v2, lan1_address, 12.0: my.yaml:2:5 says of it already: kept")


def test_rows_that_share_no_release_are_not_in_each_others_way() -> None:
    text = """\
rules:
  - {platform: ip500v2, trigger: lan1_address, before: "12.0", outcome: kept}
  - {platform: ip500v2, trigger: lan1_address, since: "12.0", outcome: new key}
"""
    found = matrix.parse(text, "my.yaml", is_users=True)
    outcomes = {release: said.outcome for (_, _, release), said in found.items()}
    assert len(outcomes) == len(RELEASES)
    assert {release for release, outcome in outcomes.items() if outcome == "new key"} == {"12.0", "12.3"}


def test_a_users_row_goes_before_the_built_in_one_and_is_assumed_unless_it_says_more() -> None:
    own = matrix.parse("rules: [{platform: primary, trigger: reboot, outcome: new key}]", "my.yaml", is_users=True)
    mine, built_in = matrix.expected(cell("primary", "reboot"), own), matrix.expected(cell("primary", "reboot"))
    assert mine is not None
    assert built_in is not None
    assert (mine.outcome, mine.cite(), mine.where) == ("new key", "assumed my.yaml", "my.yaml:1:9")
    assert (built_in.outcome, built_in.root, built_in.cite()) == ("kept", "kept", "assumed as IP500 V2")
    assert matrix.expected(cell("primary", "power_cycle"), own) == matrix.expected(cell("primary", "power_cycle"))


def test_a_users_row_for_releases_that_its_platform_never_had_is_refused() -> None:
    own = matrix.parse(
        'rules: [{platform: primary, trigger: reboot, before: "8.1", outcome: kept}]', "my.yaml", is_users=True
    )
    with pytest.raises(BadInput, match=r"my\.yaml:1:9: primary has none of these releases: nothing would be checked"):
        matrix.require_releases(own)
