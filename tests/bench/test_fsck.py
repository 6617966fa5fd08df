"""``ipsim fsck``: each kind of damage is found and named, what comes of it is said, and no bit changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from firmware.bench import fsck
from tests.bench.support import Ipsim, contents, touched


@pytest.mark.parametrize(
    ("steps", "findings"),
    [
        ("corrupt: {part: nvm, record: security, copies: first}",
         ["nvm record security: the first copy is damaged; the next start that uses it mends it"]),
        ("corrupt: {part: nvm, record: configuration, copies: second}",
         ["nvm record configuration: the second copy is damaged; the next start that uses it mends it"]),
        ("corrupt: {part: nvm, record: flags, copies: first}",
         ["nvm record flags: its first write was cut short; the next write takes its place"]),
        ("corrupt: {part: nvm, record: network}",
         ["nvm record network: both copies are damaged; the firmware starts as if it were empty"]),
        ("corrupt: {part: nvm, record: security}",
         ["nvm record security: both copies are damaged; the firmware starts as if it were empty",
          "security settings: damaged; the firmware treats them as empty and makes a new identity"]),
        ("corrupt: {part: system-sd, file: system/primary/ip500v2.bin}",
         ["system-sd system/primary/ip500v2.bin: firmware image: digest differs; the next place in order is used"]),
        ("corrupt: {part: system-sd, file: system/primary/config.cfg}",
         ["system-sd system/primary/config.cfg: IPOC file damaged: .*; the next place in order is used"]),
        ("put_file: {path: system/backup/config.cfg, text: short}",
         ["system-sd system/backup/config.cfg: 5 bytes are too few for a IPOC file; the next place in order is used"]),
        ("format_card: {slot: system-sd}", ["system-sd: littlefs finds its .*; the card is not used"]),
        ("insert: {slot: optional-sd, card: blank}", ["optional-sd: littlefs finds its .*; the card is not used"]),
        ("fail_card: system-sd", ["system-sd: the card has failed; nothing on it is used"]),
        ("corrupt: {part: nvm, block: 120, how: bad_block}", ["nvm: block 120 is bad; it stays so"]),
        ("corrupt: {part: system-sd, block: 200, bit: 3, how: stuck_at_1}",
         ["system-sd: block 200 has its bit 3 stuck at 1; it stays so"]),
        ("remove: {slot: system-sd}", []),
        ("remove_file: {path: system/primary/ip500v2.bin}", []),
    ],
)  # fmt: skip
def test_each_kind_of_damage(ipsim: Ipsim, unit: Path, tmp_path: Path, steps: str, findings: list[str]) -> None:
    assert "nvm, system-sd: all sound" in ipsim.well("fsck", "--state", unit)
    (tmp_path / "s.yaml").write_text(f"name: x\nunit: {{platform: ip500v2}}\nsteps:\n  - {steps}\n")
    ipsim.well("run", tmp_path / "s.yaml", "--state", unit)
    before = contents(unit), touched(unit)
    said = ipsim("fsck", "--state", unit)
    assert said.code == (1 if findings else 0)
    if findings:
        assert said.err == f"ipsim: {unit}: {len(findings)} finding{'s' if len(findings) > 1 else ''}\n"
        assert len(said.out.splitlines()) == len(findings)
        assert all(re.fullmatch(pattern, line) for pattern, line in zip(findings, said.out.splitlines(), strict=True))
    rows = json.loads(ipsim("fsck", "--json", "--state", unit).out)
    assert [str(fsck.Finding(**row)) for row in rows] == said.out.splitlines()[: len(findings)]
    assert (contents(unit), touched(unit)) == before


def test_a_stale_copy_is_found_after_a_power_cut(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    """Between the two copies of a record: the unit holds the new one, its second copy is the old one."""
    (tmp_path / "s.yaml").write_text("""\
name: x
unit: {platform: ip500v2}
steps:
  - power_on
  - cut_power: {operation: 4, moment: before, part: nvm}
  - set_address: {lan1: 10.0.0.1/24}
  - expect: {state: "off"}
""")
    ipsim.well("run", tmp_path / "s.yaml", "--state", unit)
    said = ipsim("fsck", "--state", unit)
    assert said.code == 1
    assert re.fullmatch(r"nvm record \w+: the (first|second) copy is (stale|blank|damaged); .*\n", said.out), said
    ipsim.well("boot", "ip500v2", "--state", unit)


def test_another_units_settings_are_foreign(ipsim: Ipsim, unit: Path, tmp_path: Path) -> None:
    ipsim.well("boot", "ip500v2", "--state", tmp_path / "other", "--mac", "00e007000002", "--clock", "2026-11-23")
    (unit / "nvm.img").write_bytes((tmp_path / "other" / "nvm.img").read_bytes())
    said = ipsim("fsck", "--state", unit)
    assert "security settings: encrypted by another unit; the firmware treats them as empty" in said.out
