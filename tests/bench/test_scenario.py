"""A scenario file: every error in it at once, a line each, with its place and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench import replay, scenario
from firmware.bench.steps.table import STEPS
from firmware.errors import BadInput
from tests.bench.support import Ipsim

HEAD = "name: x\nunit: {platform: ip500v2}\nsteps:\n"


def errors(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        scenario.parse(text, "f.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: a scenario is a mapping with name, about, unit, units, clock, seed, environment, steps"),
        ("- a", "1:1: a scenario is a mapping with"),
        ("just text", "1:1: a scenario is a mapping with"),
        ("name: x\nsteps: []", "1:1: give either unit: or units: {name: …}"),
        ("name: x\nunits: {}\nsteps: []", "1:1: give either unit: or units:"),
        ("name: x\nunit: {platform: ip500v2}\nunits: {a: {platform: ip500v2}}\nsteps: []", "1:1: give either"),
        ("name: x\nunit: {platform: ip500v2}", "1:1: the field 'steps' is needed"),
        ("name: x\nunit: ip500v2\nsteps: []", "2:1: unit: input should be a valid dictionary"),
        ("name: x\nunits: {a/b: {platform: ip500v2}}\nsteps: []", "2:9: 'a/b' is no unit's name"),
        ("name: [x]\nunit: {platform: ip500v2}\nsteps: []", "1:1: ['x'] is no line of text"),
        ("name: x\nunit: {platform: ip500v2}\nsteps: power_on", "3:1: steps: input should be a valid list"),
        ('name: "a \\e[31m red"\nunit: {platform: ip500v2}\nsteps: []', "1:1: 'a \\x1b[31m red' is no line of text"),
        ("name: x\nname: y", "2:1: 'name' is given twice"),
        ("name: x\nunit: {platform", "3:1: malformed YAML: did not find expected ',' or '}'"),
    ],
)  # fmt: skip
def test_an_error_in_the_whole(text: str, says: str) -> None:
    assert [line for line in errors(text) if line.startswith(f"f.yaml:{says}")], errors(text)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("unit: {}", "2:1: the field 'platform' is needed"),
        ("unit: {platform: ip500}", "2:8: unknown platform 'ip500' (did you mean 'ip500v2'?): "),
        ("unit: {platform: ip500v2, release: 12.1}", "2:27: unknown release '12.1' (did you mean '12.3'?): 6.2, 8.1,"),
        ("unit: {platform: ip500v2, mac: 1}", "2:27: 1 is no MAC address: twelve hex digits"),
        ("unit: {platform: ip500v2, seed: -1}", "2:27: -1 is no seed: a whole number"),
        ("unit: {platform: ip500v2, battery: low}", "2:27: battery: input should be 'good' or 'flat', not 'low'"),
        ("unit: {platform: ip500v2, mak: 1}", "2:27: unknown field 'mak' (did you mean 'mac'?): platform, release"),
        ("units: {a: {platform: ip500v2, mac: 00e007000001}, b: {platform: ip500v2, mac: '00:E0:07:00:00:01'}}",
         "2:75: 00e007000001 is the MAC of 'a' already"),
        ("unit: {platform: ip500v2}\nclock: later", "3:1: 'later' is no ISO date or time such as"),
        ("unit: {platform: ip500v2}\nenvironment: {dhpc: {}}", "3:15: unknown field 'dhpc' (did you mean 'dhcp'?)"),
        ("unit: {platform: ip500v2}\nenvironment: {dhcp: {lan3: 10.0.0.1/8}}",
         "3:22: unknown field 'lan3' (did you mean 'lan2'?): lan1, lan2 are known"),
        ("unit: {platform: ip500v2}\nenvironment: {dns: {a: 5.5.5}}", "3:21: '5.5.5' is no IPv4 address such as"),
    ],
)  # fmt: skip
def test_an_error_in_the_head(lines: str, says: str) -> None:
    found = errors(f"name: x\n{lines}\nsteps: []\n")
    assert len(found) == 1
    assert found[0].startswith(f"f.yaml:{says}"), found


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("power_onn", "4:3: unknown step 'power_onn' (did you mean 'power_on'?): power_on, power_cycle, cut_power,"),
        ("5", "4:3: a step is one of power_on, power_cycle"),
        ("{power_on: , wait: 5s}", "4:3: a step is one of"),
        ("power_on: {untl: running}", "4:14: unknown field 'untl' (did you mean 'until'?): unit, refusal, at_once,"),
        ("power_on: {until: runing}", "4:14: unknown state 'runing' (did you mean 'running'?): off, power.starting"),
        ("power_on: {holding: both}", "4:14: holding: input should be 'reset' or 'aux', not 'both'"),
        ("power_on: {unit: other}", "4:14: unknown unit 'other': there is unit"),
        ("power_on: 5", "4:3: power_on takes fields, not a single value: unit, refusal, at_once, holding, until"),
        ("wait_for: nowhere", "4:3: unknown state 'nowhere'"),
        ("cut_power: {state: nowhere}", "4:15: unknown state 'nowhere'"),
        ("cut_power: {operation: 1, part: disk}", "4:29: unknown part 'disk': nvm, system-sd, optional-sd are known"),
        ("cut_power: {operation: 0}", "4:15: operation: input should be greater than or equal to 1, not 0"),
        ("cut_power: {operation: 1, state: running}", "4:3: give operation or state, not both"),
        ("cut_power: {torn: half}", "4:3: moment, torn, part and lost say more of an operation"),
        ("cut_power: {lost: 1}", "4:3: moment, torn, part and lost say more of an operation"),
        ("cut_power: {operation: 3, lost: 1}", "4:3: lost is of a cut after an operation: give moment: after"),
        ("cut_power: {operation: 3, moment: after, lost: -1}", "4:44: lost: input should be greater than or equal to"),
        ("cut_power: {operation: 3, moment: after, lost: 1, part: nvm}", "4:3: nvm: it is NOR flash, and operations "),
        ("cut_power: {operation: 3, torn: grup}", "4:29: torn: input should be 'half', 'one_bit', 'all_but_one_bit' "),
        ("cut_power: {operation: 3, torn: group, part: nvm}", "4:3: nvm: it is NOR flash, and an interrupted operat"),
        ("cut_power: {operation: 3, torn: group, moment: after}", "4:3: torn: group is of a cut inside an operation"),
        ("flash_fault: {operation: 3}", "4:3: the field 'kind' is needed"),
        ("flash_fault: {kind: rot}", "4:17: kind: input should be 'bad_block', 'stuck_bit', 'misdirected', 'worn_out'"),
        ("flash_fault: {kind: worn_out, operation: 0}", "4:33: operation: input should be greater than or equal to 1"),
        ("flash_fault: {kind: worn_out, part: disk}", "4:33: unknown part 'disk': nvm, system-sd, optional-sd are kn"),
        ("wait: 5", "4:3: '5' is no duration such as 90s, 10m or 1h30m"),
        ("wait: {for: 5s, until: '10:00'}", "4:3: give one of for, until, at"),
        ("wait: {until: '25:00'}", "4:10: '25:00' is no time of day such as 03:30"),
        ("press: {button: reset}", "4:3: the field 'hold' is needed"),
        ("set_clock: tomorrow", "4:3: 'tomorrow' is no ISO date or time"),
        ("default_security: {via: post}", "4:22: via: input should be 'manager', 'web', 'serial' or 'bootloader'"),
        ("set_service: {service: FTP, level: Secure Low}", "4:17: unknown service 'FTP': HTTP, Configuration, "),
        ("set_service: {service: HTTP, level: Secure Lo}", "4:32: unknown level 'Secure Lo' (did you mean"),
        ("set_address: {lan1: 10.0.0.1}", "4:17: '10.0.0.1' has no prefix: write it as 10.0.0.1/24, or dhcp"),
        ("upgrade: '13'", "4:3: unknown release '13'"),
        ("corrupt: {part: nvm, record: nonsense}", "4:24: unknown record 'nonsense': level, flags, network, "),
        ("corrupt: {part: nvm}", "4:3: give one of file, record, block"),
        ("corrupt: {part: nvm, file: a}", "4:3: files lie on a card"),
        ("corrupt: {part: nvm, record: flags, bit: 3}", "4:3: bit and how say more of a block"),
        ("corrupt: {part: nvm, block: 1, copies: first}", "4:3: copies are those of a record"),
        ("insert: {slot: third}", "4:12: unknown slot 'third': system-sd, optional-sd are known"),
        ("remove: {slot: system-sd, as: new}", "4:3: 'new' stands for another card"),
        ("put_file: {path: ../x, text: a}", "4:14: '../x' is no path on a card such as"),
        ("put_file: {path: x}", "4:3: give one of text, desk, firmware, size"),
        ("put_file: {path: x, size: many}", "4:23: size: input should be a valid integer"),
        ("transplant_nvm: stranger", "4:3: unknown unit 'stranger': unit is known"),
        ("expect: {cpu: gren}", "4:12: unknown LED pattern 'gren' (did you mean 'green'?): off, green, red, orange"),
        ("expect: {clock: noon}", "4:12: 'noon' is no ISO date or time such as 2026-11-23T09:00:00Z, or unset, or set"),
        ("expect: {happened: [alrm]}", "4:23: unknown kind of event 'alrm' (did you mean 'alarm'?): state, power.on,"),
        ("expect: {not_happened: [{kind: nothing}]}", "4:27: unknown kind of event 'nothing'"),
        ("expect: {happened: [5]}", "4:23: happened: input should be a valid string, or input should be a valid dict"),
        ("expect: {happened: null}", "4:12: happened: input should be a valid list, not None"),
        ("expect: {files: {'third:x': present}}", "4:20: unknown volume 'third'"),
        ("expect: {files: {x: maybe}}", "4:20: x: input should be 'present' or 'absent', not 'maybe'"),
        ("expect: {identity: neww}", "4:12: identity: input should be 'none', 'generated', 'kept', 'renewed'"),
        ("expect: {lan1: [" + "x, " * 5000 + "]}", "4:12: ['x', 'x', 'x', 'x', ...] is no IPv4 address with"),
    ],
)  # fmt: skip
def test_an_error_in_a_step(step: str, says: str) -> None:
    found = errors(f"{HEAD}- {step}\n")
    assert len(found) == 1
    assert found[0].startswith(f"f.yaml:{says}"), found
    assert len(found[0]) < 1500  # the kinds of events that are known are many


UNITS = """\
name: x
units:
  host: {platform: ip500v2}
  server: {platform: primary}
  %s
steps:
  %s
"""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("m: {platform: ucm, host: nobody}", "5:22: unknown unit 'nobody': host, server are known"),
        ("m: {platform: ucm, host: m}", "5:22: unknown unit 'm': host, server are known"),
        ("m: {platform: ucm, host: hst}", "5:22: unknown unit 'hst' (did you mean 'host'?)"),
        ("m: {platform: ucm, host: server}", "5:22: 'server' is a Server Edition Primary, which has no slot for"),
        ("m: {platform: secondary, host: host}", "5:28: a Server Edition Secondary is no module: it sits in no other"),
        ("m: {platform: ip500v2, host: host}", "5:26: an IP500 V2 is no module"),
        ("m: {platform: ucm, host: 7}", "5:22: host: input should be a valid string, not 7"),
    ],
)  # fmt: skip
def test_an_error_in_a_host(spec: str, says: str) -> None:
    found = errors(UNITS % (spec, "- power_on: {unit: host}"))
    assert len(found) == 1
    assert found[0].startswith(f"f.yaml:{says}"), found


def test_a_module_alone_has_no_unit_to_sit_in() -> None:
    found = errors("name: x\nunit: {platform: ucm, host: other}\nsteps: []\n")
    assert found == ["f.yaml:2:23: there is no other unit that it could sit in: give units: {name: …}"]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("delete_certificate: {unit: server}", "7:5: delete_certificate is not possible on a Server Edition Primary: "),
        ("restore_configuration: {unit: m}", "7:5: restore_configuration is not possible on a Unified Communication "),
        ("press: {unit: server, button: aux, hold: 6s}", "7:5: press is not possible on a Server Edition Primary: "),
        ("reinstall: {unit: host}", "7:5: reinstall is not possible on an IP500 V2: administrator_log_in, change_at_"),
        ("initial_configuration: {unit: host, primary: 10.0.0.1}", "7:5: initial_configuration is not possible on"),
        ("renew_authority: {unit: host}", "7:5: renew_authority is not possible on an IP500 V2"),
        ("expect: {unit: server, cpu: green}", "7:28: a Server Edition Primary has no LED cpu: it has none"),
        ("expect: {unit: host, upper: green}", "7:26: an IP500 V2 has no LED upper: it has cpu, sd, base"),
        ("expect: {unit: m, base: green}", "7:23: a Unified Communication Module has no LED base: it has upper, lower"),
        ("expect: {unit: m, upper: gren}", "7:23: unknown LED pattern 'gren' (did you mean 'green'?)"),
        ("initial_configuration: {unit: server, primary: here}", "7:43: 'here' is no IPv4 address such as"),
        ("initial_configuration: {unit: server}", "7:5: the field 'primary' is needed"),
        ("set_host_name: {unit: server, host_name: '-x'}", "7:35: '-x' is no host name: Use letters, digits and"),
        ("reinstall: {unit: server, release: '6.2'}", "7:31: unknown release of this platform '6.2'"),
    ],
)  # fmt: skip
def test_an_error_by_the_units_platform(step: str, says: str) -> None:
    found = errors(UNITS % ("m: {platform: ucm, host: host}", f"- {step}"))
    assert len(found) == 1
    assert found[0].startswith(f"f.yaml:{says}"), found


def test_every_error_at_once_in_the_order_of_the_file() -> None:
    text = """\
name: 5
unit: {platform: ip500v2, mac: nonsense}
clock: noon
steps:
  - power_onn
  - expect: {state: runing, cpu: gren}
  - shutdown: {for: ever}
"""
    places = [line.split(": ")[0] for line in errors(text)]
    assert places == [f"f.yaml:{at}" for at in ("1:1", "2:27", "3:1", "5:5", "7:16")]
    places = [line.split(": ")[0] for line in errors(text.replace("name: 5", "name: x").replace(", mac: nonsense", ""))]
    assert places == [f"f.yaml:{at}" for at in ("3:1", "5:5", "7:16")]
    text = text.replace("name: 5", "name: x").replace(", mac: nonsense", "").replace("clock: noon", "seed: 1")
    places = [line.split(": ")[0] for line in errors(text)]
    assert places == [f"f.yaml:{at}" for at in ("5:5", "6:14", "6:29", "7:16")]


def test_with_several_units_a_step_names_its_own() -> None:
    units = "name: x\nunits: {a: {platform: ip500v2}, b: {platform: ip500v2}}\nsteps:\n"
    assert errors(units + "- power_on") == ["f.yaml:4:3: say which unit: there are a, b"]
    loaded = scenario.parse(units + "- power_on: {unit: b}", "f.yaml")
    assert [planned.unit for planned in loaded.steps] == ["b"]
    macs = [order.mac for _, order in loaded.units.values()]
    assert macs == ["00e00705918e", "00e00705918f"]


def test_a_file_that_is_none(ipsim: Ipsim, tmp_path: Path) -> None:
    assert ipsim.refuses("run", tmp_path / "none.yaml") == f"ipsim: {tmp_path}/none.yaml: No such file or directory\n"
    assert "Is a directory" in ipsim.refuses("run", tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"name: caf\xe9\n")
    assert "not UTF-8 at offset 9; a scenario is a YAML text" in ipsim.refuses("run", tmp_path / "x.yaml")


def test_the_errors_of_every_file_at_once(ipsim: Ipsim, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(HEAD + "- power_onn\n- wait: long\n")
    said = ipsim("run", tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "none.yaml", "--junit", tmp_path / "j.xml")
    assert said.code == 2
    assert [line.split(" ")[1] for line in said.err.splitlines()] == [
        f"{tmp_path}/{place}:" for place in ("a.yaml:4:3", "a.yaml:5:3", "b.yaml:4:3", "b.yaml:5:3", "none.yaml")
    ]
    assert said.out == ""
    assert not (tmp_path / "j.xml").exists()


def test_a_clock_before_all_time() -> None:
    steps = "[power_on, environment: {ntp: {error: -36525d}}, wait: 2h, delete_certificate]"
    text = f"name: x\nunit: {{platform: ip500v2}}\nsteps: {steps}"
    with pytest.raises(BadInput, match="simulated time and a unit's clock run"):
        replay.run(scenario.parse(text, "f.yaml"))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("insert: {slot: system-sd}", "unit: the system-sd slot is taken; remove its card first"),
        ("insert: {slot: optional-sd, card: lost}", "no card 'lost' on the shelf: it holds none"),
        ("remove: {slot: optional-sd}", "unit: there is no card in the optional-sd slot"),
        ("fail_card: optional-sd", "unit: there is no card in the optional-sd slot"),
        ("corrupt: {part: nvm, block: 9999}", "nvm has blocks 0 to "),
        ("corrupt: {part: nvm, block: 0, bit: 99999999}", "nvm has blocks 0 to "),
        ("corrupt: {part: system-sd, file: nothing}", "unit: no file 'nothing' on system-sd"),
        ("remove_file: {path: nothing}", "unit: no file 'nothing' on system-sd"),
        ("wait: 4000d", "a wait of more than ten years"),
        ("expect: {files: {'optional-sd:x': absent}}", "unit: there is no card in the optional-sd slot"),
    ],
)  # fmt: skip
def test_what_can_only_be_seen_in_the_run_has_its_place_too(ipsim: Ipsim, tmp_path: Path, step: str, says: str) -> None:
    (file := tmp_path / "x.yaml").write_text(f"{HEAD}- expect: {{state: 'off'}}\n- {step}\n")
    assert ipsim.refuses("run", file).startswith(f"ipsim: {file}:5:3: {says}")


def test_simulated_time_has_an_end() -> None:
    text = "name: x\nunit: {platform: ip500v2}\nclock: 9795-01-01\nsteps: [power_on, wait: 2000d, expect: {clock: set}]"
    with pytest.raises(BadInput, match=r"f\.yaml:4:19: simulated time and a unit's clock run"):
        replay.run(scenario.parse(text, "f.yaml"))


def test_a_step_of_somebody_around_the_units_needs_no_unit() -> None:
    units = "name: x\nunits: {a: {platform: ip500v2}, b: {platform: ip500v2}}\nsteps:\n"
    loaded = scenario.parse(units + "- third_party_root: {authority: A, to: r.pem}\n- approve: smgr", "f.yaml")
    assert [planned.unit for planned in loaded.steps] == ["a", "a"]
    loaded = scenario.parse(units + "- third_party_root: {authority: A, to: r.pem, unit: b}", "f.yaml")
    assert [planned.unit for planned in loaded.steps] == ["b"]
    assert errors(units + "- approve: {manager: smgr, unit: c}") == ["f.yaml:4:28: unknown unit 'c': there are a, b"]


@pytest.mark.parametrize("name", ["a" * 41, "\u00e4" * 21])
@pytest.mark.parametrize(
    "step", ["third_party_root: {{authority: {}, to: r.pem}}", "enrol: {{manager: {}, password: x}}", "approve: {}"]
)
def test_the_name_of_a_ca_is_bounded(step: str, name: str) -> None:
    (found,) = errors(HEAD + "- " + step.format(name))
    assert "is too long a name: 40 characters (bytes of UTF-8) are the most" in found
    longest = scenario.parse(HEAD + "- third_party_root: {authority: " + name[:-1] + ", to: r.pem}", "f.yaml")
    assert replay.run(longest).passed


def test_a_system_manager_that_is_changed_by_a_step_is_another_one_from_then_on() -> None:
    text = """name: x
unit: {platform: ip500v2}
environment: {system_managers: {a: {password: old}}}
steps:
- power_on
- environment: {system_managers: {a: {password: new, approval: manual, lifetime: 40}}}
- enrol: {manager: a, password: old}
- expect: {happened: [enrolment.refused]}
- enrol: {manager: a, password: new}
- expect: {happened: [enrolment.pending]}
- approve: a
- wait: 1h
- expect: {happened: [certificate.installed]}
- wait: 1d
- expect: {happened: [certificate.expiring]}
"""
    result = replay.run(scenario.parse(text, "f.yaml"))
    assert [outcome.objection for outcome in result.outcomes if outcome.objection] == []


def test_no_report_of_a_run_shows_a_password(ipsim: Ipsim, tmp_path: Path) -> None:
    (file := tmp_path / "x.yaml").write_text("""name: x
unit: {platform: primary}
environment: {system_managers: {a: {password: hush-0}}}
steps:
- ignite:
    passwords: {root: Hush-1-hush, administrator: Hush-1-hush, system: Hush-1-hush}
- environment: {system_managers: {a: {password: hush-2}}}
- enrol: {manager: a, password: hush-3}
- third_party_issues: {authority: A, to: a.p12, password: hush-4, subject: a}
- set_identity: {file: a.p12, password: hush-4}
""")
    reports = [tmp_path / "j.json", tmp_path / "j.xml"]
    said = ipsim("run", file, "--json", reports[0], "--junit", reports[1])
    assert said.code == 0, said
    told = said.out + said.err + "".join(report.read_text() for report in reports)
    assert "hush" not in told.lower()
    assert "enrol: {manager: a, password: '...'}" in told
    assert "environment: {system_managers: {a: {password: '...'}}}" in told


def test_of_every_step_the_passwords_are_known() -> None:
    for step in STEPS.values():
        assert {name for name in step.field_names() if "password" in name} - {"passwords"} <= step.secrets(), step.name
