"""The fixtures: which unit a test gets, what can be done to it, what it shows."""

from __future__ import annotations

import pytest

from tests.plugin.support import run
from tests.test_readme import block

pytest_plugins = ("pytester",)

APPLIANCE = """
    import pytest
    from firmware.bench.pytest_plugin import platforms
    from firmware.errors import BadInput, Unmet

    @pytest.mark.platform("ip500v2", release="12.0", seed=7, clock="2026-11-23T09:00:00Z")
    def test_the_marker_says_which_unit(appliance):
        assert (appliance.platform, appliance.release, appliance.seed) == ("ip500v2", "12.0", 7)
        assert (appliance.state, appliance.time) == ("off", "2026-11-23T09:00:00Z")
        assert repr(appliance) == "<ip500v2 unit, off>"
        assert appliance.certificate is None
        assert appliance.identity.missing

    @pytest.mark.platform(environment={"dhcp": {"lan1": "10.9.8.7/24"}})
    def test_the_marker_says_what_is_around_it(appliance):
        appliance.power_on().expect(lan1="10.9.8.7/24")

    def test_what_it_shows(appliance):
        appliance.power_on()
        assert appliance.leds == {"cpu": "green", "sd": "green", "base": "red once in 5 s"}
        assert appliance.certificate.subject.startswith("CN=ipoffice-")
        assert appliance.certificate.issuer == appliance.certificate.subject
        assert appliance.certificate.pem.startswith("-----BEGIN CERTIFICATE-----")
        assert appliance.summary["state"] == "running"
        assert [event.kind for event in appliance.journal.of("certificate.generated")] == ["certificate.generated"]
        assert "power.cut" not in appliance.journal
        assert "certificate generated (identity 1)" in str(appliance.journal)
        with pytest.raises(ValueError, match="did you mean 'power.cut'"):
            "power.cutt" in appliance.journal

    def test_steps(appliance):
        appliance.power_on(until="firmware.choosing").cut_power().power_on().wait("10m").wait(until="23:00")
        assert appliance.time == "2026-01-05T23:00:00Z"
        appliance.press("reset", "7s").power_cycle(off_for="1h").set_address(lan2="10.1.1.1/16")
        appliance.do("upgrade", "12.3").do("default_security", via="web").expect(state="running", generation=2)
        with pytest.raises(BadInput, match=r"test_it.py:\\d+: unknown step 'upgrad' \\(did you mean 'upgrade'\\?\\)"):
            appliance.do("upgrad", "12.3")
        with pytest.raises(BadInput, match="unknown field 'vai' .did you mean 'via'"):
            appliance.do("default_security", vai="web")
        with pytest.raises(BadInput, match="power_on takes fields"):
            appliance.do("power_on", "at once")
        with pytest.raises(BadInput, match="no value of a scenario"):
            appliance.do("wait", object())
        with pytest.raises(Unmet, match="state: expected off, found running"):
            appliance.expect(state="off")
        appliance.do("power_on", refusal="power on is not possible")

    def test_its_identity(appliance):
        assert appliance.identity.missing and not appliance.identity
        appliance.power_on()
        assert appliance.identity.generated
        assert appliance.identity.kept
        before = appliance.certificate
        appliance.do("set_address", lan1="10.0.0.1/24")
        assert appliance.identity.kept and not appliance.identity.fit and not appliance.identity.new_key
        assert appliance.certificate == before
        appliance.do("default_security")
        assert appliance.identity.new_key and appliance.identity.fit and not appliance.identity.renewed
        assert appliance.identity.before == before != appliance.identity.certificate
        appliance.wait("1h")
        assert appliance.identity.kept

    def test_without_a_look_the_first_identity_counts(appliance):
        appliance.power_on().do("default_security").wait("1h")
        assert appliance.identity.new_key

    @pytest.mark.platform(*platforms(release="8.1", wizard=False))
    def test_every_platform(appliance):
        assert appliance.state == "off"

    @pytest.mark.parametrize("appliance", ["primary", "ucm"], indirect=True)
    def test_parametrised_by_hand(appliance):
        assert appliance.platform in ("primary", "ucm")
"""


def test_appliance(pytester: pytest.Pytester) -> None:
    run(pytester, APPLIANCE).assert_outcomes(passed=10)


OTHERS = """
    import pytest
    from firmware.errors import BadInput, Unmet

    @pytest.mark.platform("secondary", answers={"network": {"host_name": "s7"}}, seed=3)
    def test_ignited(ignited):
        assert (ignited.platform, ignited.state, ignited.seed) == ("secondary", "running", 3)
        assert ignited.certificate.subject.startswith("CN=s7,")
        assert ignited.identity.kept and not ignited.identity.generated

    def test_network(network):
        assert [unit.state for unit in network] == ["running"] * 3
        assert network["branch"] is network.branch
        network.issue_certificates()
        assert network.branch.identity.new_key and network.secondary.identity.new_key
        assert network.primary.identity.kept
        assert network.branch.certificate.issuer == network.secondary.certificate.issuer
        network.secondary.power_cycle()
        assert network.secondary.identity.kept

    def test_steps_of_a_network(network):
        network.branch.do("upgrade", "12.3").wait("1h")
        network.primary.do("set_host_name", "p2", refusal=None).expect(names=["p2", "192.168.42.1", "192.168.43.1"])
        with pytest.raises(Unmet, match="off"):
            network.secondary.cut_power().do("set_host_name", "s2")
        with pytest.raises(BadInput, match="did you mean 'branch'"):
            network["brunch"]

    @pytest.mark.endpoint("e129")
    def test_phones(appliance, phone):
        appliance.power_on()
        closed = phone.connect(appliance)
        assert not closed and closed.objections
        appliance.do("set_sip_tls", lan1=True).do("reboot")
        assert phone.register(appliance, 201).data["extension"] == "201"
        desk = phone.another("j100", "desk")
        assert desk.connect(appliance, service="https")
        desk.reboot(appliance).set(appliance, clock="2050-01-01")
        assert "expired" in desk.connect(appliance).objections[0]
"""


def test_the_others(pytester: pytest.Pytester) -> None:
    run(pytester, OTHERS).assert_outcomes(passed=4)


LEFT_OPEN = """
    import pytest

    def test_open(appliance):
        print(appliance.platform, appliance.release, appliance.seed)

    @pytest.mark.platform("ucm", release="11.0", seed=1)
    def test_said(appliance):
        print(appliance.platform, appliance.release, appliance.seed)

    def test_server(ignited):
        print("server", ignited.platform, ignited.release, ignited.seed)
"""


def test_options_are_for_what_a_test_leaves_open(pytester: pytest.Pytester) -> None:
    options = ["--ipsim-platform", "ip500v2_expansion", "--ipsim-release", "11.1", "--ipsim-seed", "5", "-rP"]
    result = run(pytester, LEFT_OPEN, *options)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["ip500v2_expansion 11.1 5", "ucm 11.0 1", "server primary 11.1 5"])


def test_every_platform_by_an_option(pytester: pytest.Pytester) -> None:
    run(pytester, LEFT_OPEN, "--ipsim-platform", "all").assert_outcomes(passed=7 + 1 + 5)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ('platform("ip500v")', "unknown platform 'ip500v' (did you mean 'ip500v2'?)"),
        ('platform(releas="12.0")', "unknown argument 'releas' (did you mean 'release'?)"),
        ('platform("ip500v2", release="13")', "@pytest.mark.platform: unknown release '13'"),
        ('platform("ip500v2", clock="noon")', "@pytest.mark.platform: 'noon' is no ISO d"),
    ],
)
def test_a_marker_that_is_wrong_is_explained(pytester: pytest.Pytester, marker: str, says: str) -> None:
    result = run(pytester, f"import pytest\n@pytest.mark.{marker}\ndef test_it(appliance): pass\n")
    result.assert_outcomes(errors=1)
    assert says in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    assert "asked.py" not in result.stdout.str()


def test_other_things_that_are_wrong_are_explained(pytester: pytest.Pytester) -> None:
    test = """
        import pytest

        @pytest.mark.endpoint("e128")
        def test_endpoint(phone): pass

        @pytest.mark.platform("primary")
        def test_network(network): pass

        @pytest.mark.platform("primary", answers={"network": {"host_nam": "x"}})
        def test_answers(ignited): pass
    """
    result = run(pytester, test)
    result.assert_outcomes(errors=3)
    said = result.stdout.str()
    assert "unknown endpoint 'e128' (did you mean 'e129'?)" in said
    assert "of a network only release, seed, clock, environment can be chosen" in said
    assert "did you mean 'host_name'?" in said
    result = run(pytester, "def test_it(appliance): pass\n", "--ipsim-platform", "all", "--ipsim-release", "13")
    assert "--ipsim-release: unknown release '13'" in result.stdout.str()
    result = run(pytester, "def test_it(appliance): pass\n", "--ipsim-platform", "ip500")
    assert "--ipsim-platform: unknown platform 'ip500' (did you mean 'ip500v2'?)" in result.stdout.str()


@pytest.mark.parametrize("marker", ["a test", "a property"])
def test_what_the_readme_shows(pytester: pytest.Pytester, marker: str) -> None:
    run(pytester, block(marker)).assert_outcomes(passed=1)
