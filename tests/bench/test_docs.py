"""The documents are those that the program draws now; what they say of the command line is all there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from firmware.bench.cli import COMMANDS, ipsim
from firmware.bench.docs import __main__ as writing
from firmware.bench.docs.commands import every_command
from firmware.bench.docs.table import DOCUMENTS
from firmware.bench.steps.table import STEPS
from tests.bench.support import ROOT, process

DOCS = ROOT / "docs"
PAGES = [name for name in DOCUMENTS if name.endswith(".md")]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_up_to_date(name: str) -> None:
    held = (DOCS / name).read_text("utf-8") if (DOCS / name).exists() else ""
    assert held == DOCUMENTS[name].draw(), f"docs/{name} is stale: make docs"


def test_what_is_written_is_what_is_drawn(tmp_path: Path) -> None:
    writing.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(DOCUMENTS)
    assert (tmp_path / "flash.md").read_text("utf-8") == DOCUMENTS["flash.md"].draw()


def anchors(page: str) -> list[str]:
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", [*PAGES, "add-a-platform.md"])
def test_its_links_lead_somewhere(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    for page, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", text):
        target = (DOCS / page) if page else DOCS / name
        assert target.exists(), page
        assert not anchor or anchors(target.read_text("utf-8")).count(anchor) == 1, f"{page}#{anchor}"


def test_the_list_of_documents_is_whole() -> None:
    listed = re.findall(r"^\| \[([^]]+)\]", (DOCS / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted([*listed, "README.md"]) == sorted(path.name for path in DOCS.iterdir())


@pytest.mark.parametrize("name", PAGES)
def test_each_row_has_as_many_cells_as_its_table(name: str) -> None:
    for block in re.findall(r"(?:^\|.*\n?)+", (DOCS / name).read_text("utf-8"), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}) == 1, block[:200]


def leaves(command: click.Command, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [words]
    context = click.Context(command)
    inner = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return [leaf for name, found in inner.items() if found for leaf in leaves(found, (*words, name))]


def test_every_command_and_option_is_in_both_references() -> None:
    page, manual = (DOCS / "cli.md").read_text("utf-8"), (DOCS / "ipsim.1").read_text("utf-8")
    documented = {command.name for command in every_command()}
    for words in leaves(ipsim, ("ipsim",)):
        assert " ".join(words) in documented
        assert f"## {' '.join(words)}\n" in page
        command: click.Command = ipsim
        for word in words[1:]:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word) or command
        for option in (one for one in command.params if isinstance(one, click.Option) and not one.hidden):
            assert f"`{max(option.opts, key=len)}" in page.replace(", ", "`"), option
            assert max(option.opts, key=len).replace("-", r"\-") in manual, option


def test_every_command_has_an_example() -> None:
    groups = {name for name in COMMANDS if isinstance(ipsim.get_command(click.Context(ipsim), name), click.Group)}
    lacking = [
        one.name for one in every_command() if not one.examples and one.name.removeprefix("ipsim ") not in groups
    ]
    assert lacking == []


def test_the_man_page_is_well_formed() -> None:
    """Every line is a known request or text; where there is groff, it warns of nothing."""
    lines = (DOCS / "ipsim.1").read_text("utf-8").splitlines()
    known = {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".I", ".RS", ".RE", ".nf", ".fi", '.\\"'}
    assert [line for line in lines if line[:1] in (".", "'") and line.split()[0] not in known] == []
    assert [line for line in lines if re.search(r"\\(?![-e&(]|f[RI])", line.removeprefix('.\\"'))] == []
    assert [lines.count(opening) for opening in (".RS", ".nf")] == [lines.count(closing) for closing in (".RE", ".fi")]
    sections = [line.removeprefix(".SH ") for line in lines if line.startswith(".SH ")]
    assert sections[:4] == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS"]
    if groff := shutil.which("groff"):
        said = subprocess.run(
            [groff, "-man", "-ww", "-z", "-Tutf8", str(DOCS / "ipsim.1")], capture_output=True, text=True, check=True
        )
        assert said.stderr == ""


def test_every_step_has_its_section_and_example() -> None:
    text = (DOCS / "scenarios.md").read_text("utf-8")
    for name, step in STEPS.items():
        assert f"### {name}\n" in text
        assert f"- {step.example}\n" in text


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("bo", "boot"),
        ("boot ip500v2_", "ip500v2_expansion"),
        ("boot ucm --release 12.", "12.0"),
        ("rules --trigger first_start_", "first_start_cut_short"),
        ("sweep --faults cut,half", "cut,half_erase"),
        ("schema ans", "answers"),
        ("card l", "ls"),
    ],
)
def test_the_shell_can_complete(words: str, offers: str) -> None:
    typed = f"ipsim {words}"
    count = str(len(words.split()))
    said = process(_IPSIM_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=count)
    assert (said.code, said.err) == (0, "")
    assert f"plain,{offers}" in said.out.splitlines()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_can_learn_it(shell: str) -> None:
    said = process(_IPSIM_COMPLETE=f"{shell}_source")
    assert (said.code, said.err) == (0, "")
    assert f"_IPSIM_COMPLETE={shell}_complete" in said.out
