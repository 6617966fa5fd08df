"""The wizard in a browser: forward, back, by URL, twice, two at once, restarted in between, to the end."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509

from firmware.security.reading import fingerprint
from ignition import apply, wizard
from ignition.sessions import desk
from tests.ignition.browsing import TYPED, Bench, answer
from tests.ignition.imports import company_ca, imported_file

ROOTS, NODES = ("primary", "application_server", "ucm"), ("secondary", "expansion")


@pytest.mark.parametrize("platform", [*ROOTS, *NODES])
def test_every_server_is_set_up_to_the_end(platform: str) -> None:
    bench = Bench(platform)
    browser = bench.ignited()
    assert browser.page.html.title.startswith("This server is set up")
    assert ("/ca.pem" in browser.page.html.links) == (platform in ROOTS)
    assert "/login" in browser.page.html.links
    page = browser.log_in(password="Ignition-2026-admin")
    assert page.html.title.startswith("server1")
    assert bench.unit.ram.identity is not None
    assert bench.unit.ram.identity.fingerprint in page.words


def test_titles_say_step_and_error() -> None:
    browser = Bench().at("network")
    assert browser.page.html.title.startswith("Configure network (step 3 of 8)")
    assert browser.submit(address="1.2.3").html.title.startswith("Error: Configure network (step 3 of 8)")


def test_an_error_stands_at_its_field_and_nothing_is_saved() -> None:
    bench = Bench()
    browser = bench.at("network")
    page = browser.send(mode="static", address="192.168.42.256", mask="255.255.255.0", host_name="-x")
    assert page.status == 422
    assert page.error_at("address") == "Enter an IPv4 address such as 192.168.42.1."
    assert page.error_at("host_name").startswith("Use letters, digits and hyphens")
    assert page.error_at("mask") == ""
    form = page.form()
    assert form.fields["address"] == "192.168.42.256", "what was typed stays"
    assert desk(bench.unit).answers.of("network") is None


def test_what_was_typed_is_shown_as_text() -> None:
    page = Bench().at("network").send(host_name='"><script>alert(1)</script>')
    assert "<script>alert" not in page.text
    assert page.form().fields["host_name"] == '"><script>alert(1)</script>'


def test_a_password_is_never_shown_again() -> None:
    browser = Bench().at("passwords")
    page = browser.send(root="Secret-2026", root_again="other")
    assert page.status == 422
    assert page.error_at("root_again") == "This is not the same password."
    assert "Secret-2026" not in page.text
    assert page.form().fields["root"] == ""


def test_passwords_that_are_set_are_kept_when_nothing_is_typed() -> None:
    bench = Bench()
    browser = bench.at("security")
    kept = desk(bench.unit).answers.of("passwords")
    page = browser.open("/ignition/passwords")
    assert "Passwords are set already" in page.words
    assert browser.submit().form().action == "/ignition/security"
    assert desk(bench.unit).answers.of("passwords") == kept


def test_a_jump_beyond_what_is_answered_leads_back() -> None:
    browser = Bench().at("network")
    for name in ("time", "passwords", "security", "review"):
        assert browser.ask("GET", f"/ignition/{name}").header("location") == "/ignition/network"
    assert browser.open("/").form().action == "/ignition/network"
    assert browser.open("/apply").form().action == "/ignition/network"
    assert browser.open("/platform").form().action == "/ignition/network"


def test_a_page_that_this_server_does_not_have_leads_back_and_one_that_none_has_is_not_found() -> None:
    browser = Bench("secondary").at("network")
    assert browser.ask("GET", "/ignition/security").header("location") == "/ignition/network"
    assert browser.ask("GET", "/ignition/no-such-page").status == 404
    assert browser.ask("GET", "/ignition/login").status == 404


def test_sending_a_page_too_early_says_why() -> None:
    bench = Bench()
    browser = bench.at("network")
    token = browser.page.form().fields["csrf"]
    page = browser.ask("POST", "/ignition/review", f"csrf={token}".encode(), "application/x-www-form-urlencoded")
    assert page.status == 409
    assert page.form().action == "/ignition/network"
    assert "Configure network comes before Review settings." in page.words
    assert bench.unit.state == "ignition.network"


def test_back_saves_nothing_and_loses_nothing() -> None:
    bench = Bench()
    browser = bench.at("time")
    before = desk(bench.unit).answers
    assert "/ignition/network" in browser.page.html.links
    page = browser.open("/ignition/network")
    assert page.form().fields["address"] == "192.168.42.1"
    assert page.form().fields["host_name"] == "server1"
    assert desk(bench.unit).answers == before
    assert browser.open("/ignition/time").form().action == "/ignition/time"


def test_the_first_page_has_no_back() -> None:
    page = Bench().at("licence").page
    assert not [link for link in page.html.links if link.startswith("/ignition/")]


def test_the_steps_lead_where_one_may_go() -> None:
    browser = Bench().at("time")
    links = [link for link in browser.page.html.links if link.startswith("/ignition/")]
    assert links == ["/ignition/licence", "/ignition/server_type", "/ignition/network", "/ignition/network"]
    browser.open("/ignition/licence")
    assert "/ignition/time" in browser.page.html.links
    assert "/ignition/passwords" not in browser.page.html.links


def test_sent_twice_is_saved_once() -> None:
    bench = Bench()
    browser = bench.at("network")
    typed = TYPED["network"]
    first, second = browser.send("", None, **typed), browser.send("", None, **typed)
    assert (first.status, second.status) == (303, 303)
    assert second.header("location") == "/ignition/time"
    assert len([e for e in bench.unit.journal.of_kind("ignition.saved") if e.data["page"] == "network"]) == 1


def test_two_browsers_of_which_one_comes_late() -> None:
    bench = Bench()
    one, other = bench.at("network"), bench.browser()
    other.log_in()
    assert one.submit("", None, **TYPED["network"]).form().action == "/ignition/time"
    page = other.send("", None, **TYPED["network"] | {"host_name": "another"})
    assert page.status == 409
    assert "Somebody else has saved this page meanwhile." in page.words
    assert page.form().fields["host_name"] == "server1", "the page as it is now"
    assert desk(bench.unit).answers.value("network", "host_name") == "server1"
    other.page = page
    assert other.submit(host_name="another").form().action == "/ignition/time"
    assert desk(bench.unit).answers.value("network", "host_name") == "another"


def test_review_applies_what_it_showed_or_nothing() -> None:
    bench = Bench()
    one = bench.at("review")
    other = bench.browser()
    other.log_in()
    other.open("/ignition/network")
    other.submit(host_name="another")
    page = one.send()
    assert page.status == 409
    assert "another" in page.words
    assert wizard.is_open(bench.unit)
    one.page = page
    assert one.submit().html.title.startswith("This server is set up")
    assert bench.unit.ram.host_name == "another"


def test_apply_sent_twice_is_done_once() -> None:
    bench = Bench()
    bench.settles = False
    browser = bench.at("review")
    assert browser.send().header("location") == "/apply"
    assert browser.send().header("location") == "/apply"
    bench.world.settle()
    assert len(list(bench.unit.journal.of_kind("ignition.done"))) == 1


def test_review_says_everything_but_secrets() -> None:
    page = Bench().at("review").page
    for text in ("192.168.42.1", "255.255.255.0", "server1", "Europe/Berlin", "A-law", "Generate one automatically"):
        assert text in page.words
    assert page.words.count(" set ") >= 3
    assert "scrypt" not in page.text
    assert "Ignition-2026" not in page.text
    assert "ipoffice-root-server1.avaya.com" in page.words


def test_the_ca_on_review_is_the_one_that_apply_makes() -> None:
    bench = Bench()
    browser = bench.at("review")
    pem, der = browser.ask("GET", "/ca.pem"), browser.ask("GET", "/ca.der")
    assert x509.load_pem_x509_certificate(pem.body) == x509.load_der_x509_certificate(der.body)
    assert pem.header("content-disposition") == 'attachment; filename="ca.pem"'
    browser.submit()
    assert bench.browser().ask("GET", "/ca.der").body == der.body
    assert bench.browser().ask("GET", "/ca.pem").body == pem.body
    assert bench.unit.ram.authority is not None
    assert bench.unit.ram.authority.root == der.body


def test_before_ignition_the_ca_is_for_those_who_are_logged_in() -> None:
    bench = Bench()
    browser = bench.at("review")
    assert bench.browser().ask("GET", "/ca.pem").header("location") == "/login"
    assert browser.ask("GET", "/ca.pem").status == 200
    assert browser.ask("GET", "/identity.pem").status == 404


@pytest.mark.parametrize("platform", NODES)
def test_a_node_has_no_ca(platform: str) -> None:
    bench = Bench(platform)
    browser = bench.at("review")
    assert "/ca.pem" not in browser.page.html.links
    assert browser.ask("GET", "/ca.pem").status == 404
    browser.submit()
    assert bench.browser().ask("GET", "/ca.der").status == 404
    assert bench.browser().ask("GET", "/identity.pem").status == 200


def test_an_imported_ca() -> None:
    bench = Bench()
    browser = bench.at("security")
    data = base64.b64decode(imported_file())
    assert browser.send(ca="import").error_at("ca_file") == "Choose the file of the CA."
    wrong = browser.send("", {"ca_file": data}, ca="import", ca_password="wrong")
    assert (wrong.status, bool(wrong.error_at("ca_password"))) == (422, True)
    page = browser.submit("", {"ca_file": data}, ca="import", ca_password="secret")
    assert fingerprint(company_ca().root) in page.words
    assert browser.ask("GET", "/ca.der").body == company_ca().root
    assert "A CA is imported already" in browser.open("/ignition/security").words
    assert browser.submit(ca="import").form().action == "/ignition/review"
    browser.submit()
    assert bench.unit.ram.authority is not None
    assert bench.unit.ram.authority.root == company_ca().root


def test_a_restart_in_between_keeps_what_was_saved_and_logs_out() -> None:
    bench = Bench()
    browser = bench.at("passwords")
    bench.world.cut_power(bench.unit, "pulled")
    assert browser.ask("GET", "/").header("location") == "/apply"
    assert "not up" in browser.ask("GET", "/apply").words
    assert browser.ask("GET", "/ignition/time").header("location") == "/apply"
    assert browser.ask("GET", "/login").header("location") == "/apply"
    bench.start()
    browser.app = bench.app
    assert browser.ask("GET", "/ignition/passwords").header("location") == "/login"
    assert browser.log_in().form().action == "/ignition/passwords"
    assert browser.open("/ignition/network").form().fields["host_name"] == "server1"


def test_progress_of_apply_without_a_session() -> None:
    bench = Bench()
    bench.settles = False
    bench.at("review").submit()
    stranger = bench.browser()
    told = set()
    while bench.unit.state.startswith("apply."):
        page = stranger.open("/apply")
        told.add(page.words.split("Applying the settings")[2][:60])
        assert '<noscript><meta http-equiv="refresh"' in page.text
        assert 'aria-live="polite"' in page.text
        assert page.text.count('class="now"') == (0 if bench.unit.state == "apply.preparing" else 1)
        bench.world.run_until(min(bench.unit.timers.values()))
    assert len(told) == len(apply.TASKS) + 1
    assert stranger.open("/apply").text.count('class="done"') == len(apply.TASKS)
    bench.world.settle()
    assert stranger.open("/").form().action == "/login"


def test_nobody_gets_into_the_wizard_while_it_is_applied() -> None:
    bench = Bench()
    bench.settles = False
    browser = bench.at("review")
    page = browser.page
    browser.submit()
    for target in ("/", "/login", "/ignition/network", "/platform"):
        assert browser.ask("GET", target).header("location") == "/apply", target
    browser.page = page
    assert browser.send().header("location") == "/apply"


def test_after_ignition_the_wizard_is_closed_and_everybody_logged_out() -> None:
    bench = Bench()
    browser = bench.ignited()
    assert browser.ask("GET", "/ignition/network").header("location") == "/login"
    assert browser.ask("GET", "/platform").header("location") == "/login"
    assert browser.log_in(password="Administrator").status == 401
    assert browser.log_in("root", "Ignition-2026-root").html.title.startswith("server1")
    assert browser.ask("GET", "/ignition/licence").header("location") == "/platform"


def test_apply_that_failed_can_be_tried_again() -> None:
    bench = Bench()
    browser = bench.at("review")
    bench.settles = False
    browser.submit()
    bench.unit.state = "apply.failed"
    bench.unit.timers.clear()
    page = browser.open("/apply")
    assert "Apply has stopped" in page.words
    assert browser.open("/").html.title.startswith("Apply has stopped")
    bench.settles = True
    assert browser.submit("/apply").html.title.startswith("This server is set up")
    assert browser.log_in(password="Ignition-2026-admin").status == 200
    form = browser.page.form().fields["csrf"]
    again = browser.ask("POST", "/apply", f"csrf={form}".encode(), "application/x-www-form-urlencoded")
    assert again.header("location") == "/platform"


def test_log_out() -> None:
    bench = Bench()
    browser = bench.at("network")
    assert browser.submit("/logout").form().action == "/login"
    assert desk(bench.unit).sessions == ()
    assert browser.ask("GET", "/ignition/network").header("location") == "/login"


def test_whoever_is_idle_for_long_logs_in_again() -> None:
    bench = Bench()
    browser = bench.at("network")
    bench.world.run_until(bench.world.now + 10 * 60_000)
    assert browser.ask("GET", "/ignition/network").header("location") == "/login"
    assert browser.log_in().form().action == "/ignition/network"


def test_answer_types_something_on_each_page_it_names() -> None:
    browser = Bench().at("licence")
    assert answer(browser).form().action == "/ignition/server_type"


def test_a_ca_that_no_longer_follows_from_the_answers_is_not_handed_out() -> None:
    browser = Bench().at("review")
    assert browser.ask("GET", "/ca.pem").status == 200
    browser.open("/ignition/network")
    browser.submit(host_name="other")
    assert browser.ask("GET", "/ca.pem").status == 404
    browser.open("/ignition/review")
    handed_out = browser.ask("GET", "/ca.der").body
    assert b"ipoffice-root-other.avaya.com" in handed_out
    browser.submit()
    assert browser.ask("GET", "/ca.der").body == handed_out


def test_it_is_not_said_to_be_set_up_before_one_can_log_in() -> None:
    bench = Bench("secondary")
    browser = bench.at("review")
    bench.settles = False
    browser.submit()
    bench.world.run_to_state(bench.unit, "server.loading")
    assert browser.open("/apply").html.title.startswith("Applying the settings")
    assert "to come" not in browser.page.words
    bench.world.settle()
    assert browser.open("/apply").html.title.startswith("This server is set up")
