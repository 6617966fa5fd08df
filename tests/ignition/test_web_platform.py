"""The page of a server that is set up: what it says, and each change that it offers."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from cryptography import x509

from firmware.errors import StorageError
from ignition.web_platform import FORMS
from tests.ignition.browsing import Bench, Browser

PLAIN = "application/x-www-form-urlencoded"


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.ignited()
    return made


def logged_in(bench: Bench) -> Browser:
    browser = bench.browser()
    assert browser.log_in(password="Ignition-2026-admin").status == 200
    return browser


def test_it_says_what_the_server_is(bench: Bench) -> None:
    words = logged_in(bench).page.words
    identity, root = bench.unit.ram.identity, bench.unit.ram.authority
    assert identity is not None
    assert root is not None
    certificates = (identity.fingerprint, root.fingerprint, f"{identity.certificate.serial_number:x}", "ipoffice-root-")
    for text in ("In operation", "Release 12.3", "192.168.42.1/24", "server1", "2026-11-23", *certificates):
        assert text in words, text


def test_downloads(bench: Bench) -> None:
    browser = bench.browser()
    assert bench.unit.ram.identity is not None
    chain = x509.load_pem_x509_certificates(browser.ask("GET", "/identity.pem").body)
    root = x509.load_der_x509_certificate(browser.ask("GET", "/ca.der").body)
    assert chain[0] == bench.unit.ram.identity.certificate
    chain[0].verify_directly_issued_by(root)


def test_another_host_name(bench: Bench) -> None:
    browser = logged_in(bench)
    page = browser.submit("/platform/host-name", host_name="branch7")
    assert page.html.title.startswith("branch7")
    assert bench.unit.ram.host_name == "branch7"
    assert bench.unit.ram.identity is not None
    assert "CN=branch7" in page.words
    assert browser.ask("GET", "/platform", host="branch7").status == 200


def test_another_address(bench: Bench) -> None:
    browser = logged_in(bench)
    page = browser.submit("/platform/lan2", lan2_mode="static", lan2_address="10.1.2.3", lan2_mask="16")
    assert page.error_at("lan2_address") == ""
    assert "10.1.2.3/16" in page.words
    page = browser.submit("/platform/lan1", lan1_mode="dhcp")
    assert "(by DHCP)" in page.words
    assert bench.unit.ram.configuration is not None
    assert [lan.dhcp for lan in bench.unit.ram.configuration.lans] == [True, False]


@pytest.mark.parametrize(
    ("form", "typed", "field", "says"),
    [
        ("host-name", {"host_name": ""}, "host_name", "Enter a host name such as server1."),
        ("host-name", {"host_name": "a b"}, "host_name", "Use letters, digits and hyphens"),
        ("lan1", {"lan1_mode": "static", "lan1_address": "1.2.3"}, "lan1_address", "Enter an IPv4 address"),
        ("lan1", {"lan1_mode": "static", "lan1_mask": "1.2.3.4"}, "lan1_mask", "Enter a subnet mask"),
        ("lan1", {"lan1_mode": "static", "lan1_address": "10.0.0.0"}, "lan1_address", "10.0.0.0 is the address of"),
        ("lan2", {"lan2_mode": "other"}, "lan2_mode", "Choose one of: Fixed, By DHCP."),
        ("create-authority", {}, "sure", "Say that this is meant"),
        ("initial-configuration", {"primary": ""}, "primary", "Enter the IPv4 address of the Primary."),
        ("initial-configuration", {"primary": "10.0.0.1", "system_name": "x" * 32}, "system_name", "Use at most 31"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_changes(
    bench: Bench, form: str, typed: dict[str, str], field: str, says: str
) -> None:
    browser = logged_in(bench)
    before = bench.unit.internal.image()
    page = browser.send(f"/platform/{form}", None, **typed)
    assert page.status == 422
    assert page.error_at(field).startswith(says)
    assert page.html.title.startswith("Error: ")
    assert bench.unit.internal.image() == before


def test_renew_and_create_a_ca(bench: Bench) -> None:
    browser = logged_in(bench)
    first, identity = bench.unit.ram.authority, bench.unit.ram.identity
    assert first is not None
    assert browser.submit("/platform/renew-authority").status == 200
    renewed = bench.unit.ram.authority
    assert renewed is not None
    assert (renewed.key, renewed.der == first.der) == (first.key, False)
    assert bench.unit.ram.identity == identity
    page = browser.submit("/platform/create-authority", sure="yes")
    created = bench.unit.ram.authority
    assert created is not None
    assert created.key != first.key
    assert bench.unit.ram.identity != identity
    assert created.fingerprint in page.words


def test_initial_configuration_is_asked_for_once(bench: Bench) -> None:
    browser = logged_in(bench)
    page = browser.submit("/platform/initial-configuration", system_name="Branch", primary="192.168.42.1")
    assert bench.unit.ram.configuration is not None
    assert (bench.unit.ram.configuration.system_name, bench.unit.ram.configuration.primary) == (
        "Branch",
        "192.168.42.1",
    )
    assert "/platform/initial-configuration" not in page.text
    values = {"primary": "10.0.0.1", "csrf": page.form("/platform/lan1").fields["csrf"]}
    assert browser.ask("POST", "/platform/initial-configuration", urlencode(values).encode(), PLAIN).status == 404


@pytest.mark.parametrize("platform", ["secondary", "expansion"])
def test_a_node_offers_nothing_about_a_ca(platform: str) -> None:
    bench = Bench(platform)
    bench.ignited()
    browser = logged_in(bench)
    assert "authority" not in browser.page.text
    assert "A client that validates would object" in browser.page.words
    csrf = browser.page.form("/platform/lan1").fields["csrf"]
    for form in ("renew-authority", "create-authority"):
        answer = browser.ask("POST", f"/platform/{form}", urlencode({"csrf": csrf}).encode(), PLAIN)
        assert answer.status == 404


def test_a_form_made_before_somebody_changed_something(bench: Bench) -> None:
    one, other = logged_in(bench), logged_in(bench)
    one.submit("/platform/host-name", host_name="branch7")
    before = bench.unit.internal.image()
    page = other.send("/platform/renew-authority")
    assert page.status == 409
    assert "Something was changed meanwhile" in page.words
    assert "branch7" in page.words
    assert bench.unit.internal.image() == before


@pytest.mark.parametrize("form", [form.page.name for form in FORMS])
def test_every_form_needs_session_token_and_its_own_fields(bench: Bench, form: str) -> None:
    browser = logged_in(bench)
    before = bench.unit.internal.image()
    fields = browser.page.form(f"/platform/{form}").fields

    def post(sender: Browser, **changed: str) -> int:
        body = urlencode(fields | changed).encode()
        return sender.ask("POST", f"/platform/{form}", body, PLAIN).status

    assert post(bench.browser()) == 401
    assert post(browser, csrf="") == 403
    assert post(browser, strange="1") == 400
    assert bench.unit.internal.image() == before


def test_while_an_identity_is_made_nothing_else_is_changed(bench: Bench) -> None:
    browser = logged_in(bench)
    stale = browser.page
    bench.settles = False
    page = browser.submit("/platform/host-name", host_name="branch7")
    assert bench.unit.state.startswith("certificate.")
    assert "The server is busy" in page.words
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert page.text.count("<button disabled") == len(page.html.forms) - 1
    browser.page = stale
    assert browser.send("/platform/host-name", host_name="branch8").header("location") == "/platform"
    bench.world.settle()
    assert bench.unit.ram.host_name == "branch7"


def test_a_restart_logs_out(bench: Bench) -> None:
    browser = logged_in(bench)
    bench.act(lambda: bench.unit.platform.operations["reboot"](bench.unit))
    assert browser.ask("GET", "/platform").header("location") == "/login"
    assert browser.log_in(password="Ignition-2026-admin").status == 200


def test_before_ignition_there_is_no_such_page() -> None:
    bench = Bench()
    browser = bench.at("network")
    assert browser.ask("GET", "/platform").header("location") == "/ignition/network"
    csrf = browser.page.form().fields["csrf"]
    answer = browser.ask("POST", "/platform/host-name", urlencode({"csrf": csrf}).encode(), PLAIN)
    assert answer.header("location") == "/ignition/network"


def test_a_disk_that_takes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = logged_in(bench)

    def full(*_anything: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("ignition.settings.write", full)
    page = browser.send("/platform/host-name", host_name="branch7")
    assert page.status == 503
