"""How a person moves through the wizard: one test for each thing that a tester does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.errors import BadInput, NotNow
from firmware.peers.network import SILENT
from firmware.times import MINUTE, SECOND, parse_time
from ignition import sessions, wizard
from ignition.answers import Answers
from ignition.sessions import desk
from tests.boot.units import events, images, start_again
from tests.ignition.units import (
    ADMINISTRATOR,
    GIVEN,
    LINUX,
    ROOT,
    answers_of,
    apply,
    at,
    authority_of,
    fill,
    finish,
    fresh,
    given_for,
    ignited,
    kept,
    log_in,
    pages_of,
    send,
)

# Moving about.


def test_a_page_beyond_the_first_unanswered_one_is_opened_by_no_url() -> None:
    unit = at("primary", "network")
    for page in ("time", "passwords", "security", "review"):
        with pytest.raises(wizard.NotYet, match="Configure network comes before") as refused:
            wizard.open_page(unit, "browser", page)
        assert refused.value.page == "network"
        with pytest.raises(wizard.NotYet):
            wizard.submit(unit, "browser", page, {})
    for page in ("login", "apply", "services", "new_hardware", "", "../licence"):
        with pytest.raises(wizard.NotYet, match="has no page") as refused:
            wizard.open_page(unit, "browser", page)
        assert refused.value.page == "network"


def test_going_back_and_returning_loses_nothing_and_writes_nothing() -> None:
    unit = at("primary", "review")
    before, image = desk(unit).answers, images(unit)
    for page in reversed(pages_of("primary")):
        wizard.back(unit, "browser", page)
    assert wizard.back(unit, "browser", "licence").page.name == "licence"
    shown = wizard.open_page(unit, "browser", "network")
    assert shown.values == {name: GIVEN["network"][name] for name in shown.values}
    assert (desk(unit).answers, images(unit)) == (before, image)


def test_a_page_sent_twice_is_saved_once() -> None:
    unit = at("primary", "network")
    send(unit, "network")
    image = images(unit)
    for _ in range(2):
        assert wizard.submit(unit, "browser", "network", given_for(unit, "network")).page.name == "time"
    assert images(unit) == image
    assert [data["page"] for data in events(unit, "ignition.saved")].count("network") == 1


def test_of_two_browsers_the_second_is_told_what_the_first_has_saved() -> None:
    unit = at("primary", "network")
    wizard.log_in(unit, "root", "Administrator", "other")
    mine, theirs = (wizard.open_page(unit, token, "network").tag for token in ("browser", "other"))
    wizard.submit(unit, "browser", "network", given_for(unit, "network"), mine)
    image = images(unit)
    with pytest.raises(wizard.Conflict):
        wizard.submit(unit, "other", "network", given_for(unit, "network", host_name="theirs"), theirs)
    assert images(unit) == image
    assert wizard.submit(unit, "other", "network", given_for(unit, "network"), theirs).page.name == "time"  # the same
    shown = wizard.open_page(unit, "other", "network")
    wizard.submit(unit, "other", "network", given_for(unit, "network", host_name="theirs"), shown.tag)
    assert desk(unit).answers.value("network", "host_name") == "theirs"


def test_what_is_applied_is_what_was_reviewed() -> None:
    unit = at("primary", "review")
    tag = wizard.open_page(unit, "browser", "review").tag
    wizard.log_in(unit, "root", "Administrator", "other")
    wizard.submit(unit, "other", "network", given_for(unit, "network", host_name="theirs"))
    with pytest.raises(wizard.Conflict):
        wizard.submit(unit, "browser", "review", {}, tag)
    assert unit.state == "ignition.review"
    wizard.submit(unit, "browser", "review", {}, wizard.open_page(unit, "browser", "review").tag)
    assert unit.state == "apply.preparing"


def test_a_field_that_the_page_does_not_have_is_refused_and_changes_nothing() -> None:
    unit = at("primary", "network")
    image = images(unit)
    with pytest.raises(BadInput, match="no field 'plan'"):
        wizard.submit(unit, "browser", "network", {**given_for(unit, "network"), "plan": "x"})
    assert images(unit) == image


def test_what_was_saved_survives_a_reboot_and_nobody_stays_logged_in() -> None:
    unit = at("primary", "security")
    before = desk(unit).answers
    for _ in range(2):
        start_again(unit)
        assert unit.state == "ignition.login"
        assert desk(unit).answers == before
        with pytest.raises(sessions.LogInFirst):
            wizard.open_page(unit, "browser", "licence")
    log_in(unit)
    assert unit.state == "ignition.security"


def test_the_kind_of_server_may_be_chosen_again_and_pages_come_and_go() -> None:
    unit = at("primary", "review")
    for role, next_page in (("secondary", "review"), ("application_server", "services"), ("primary", "review")):
        send(unit, "server_type", server_type=role)
        wizard.open_page(unit, "browser", next_page)
        assert wizard.server(unit).role.name == role
    apply(unit)
    assert unit.platform.name == "primary"
    assert authority_of(unit) is not None


@pytest.mark.parametrize("kind", LINUX)
def test_apply_closes_the_wizard_for_good(kind: str) -> None:
    unit = ignited(kind)
    attempts: list[Callable[[], object]] = [
        lambda: wizard.log_in(unit, "root", "Administrator", "x"),
        lambda: wizard.open_page(unit, "browser", "licence"),
        lambda: wizard.submit(unit, "browser", "licence", {"accepted": "yes"}),
        lambda: wizard.back(unit, "browser", "review"),
    ]
    for attempt in attempts:
        with pytest.raises(NotNow, match="the wizard is closed"):
            attempt()
    with pytest.raises(sessions.LogInFirst):
        wizard.apply(unit, "browser")
    sessions.log_in(unit, "root", ROOT, "web")
    with pytest.raises(NotNow):
        wizard.apply(unit, "web")


def test_a_unit_that_is_off_has_no_wizard() -> None:
    unit = fresh()
    for attempt in (lambda: wizard.log_in(unit, "root", "x", "t"), lambda: wizard.apply(unit, "t")):
        with pytest.raises(NotNow):
            attempt()


# Logging in.


def test_three_failures_within_ten_minutes_block_for_one_minute() -> None:
    unit = at("primary", "login")
    for minute in (0, 4, 8):
        unit.clock.advance_to(unit.clock.now + (4 * MINUTE if minute else 0))
        with pytest.raises(sessions.WrongPassword):
            wizard.log_in(unit, "root", "wrong", "t")
    with pytest.raises(sessions.Blocked, match="after 3 failures"):
        wizard.log_in(unit, "root", "Administrator", "t")
    assert wizard.log_in(unit.copy(), "Administrator", "Administrator", "t")  # the other account is not blocked
    unit.clock.set(parse_time("2030-01-01T00:00:00Z"))  # whatever the clock is set to meanwhile
    unit.clock.advance_to(unit.clock.now + MINUTE - SECOND)
    with pytest.raises(sessions.Blocked):
        wizard.log_in(unit, "root", "Administrator", "t")
    unit.clock.advance_to(unit.clock.now + SECOND)
    assert wizard.log_in(unit, "root", "Administrator", "t").user == "root"


def test_failures_more_than_ten_minutes_apart_block_nobody() -> None:
    unit = at("primary", "login")
    for _ in range(6):
        with pytest.raises(sessions.WrongPassword):
            wizard.log_in(unit, "nobody", "Administrator", "t")
        unit.clock.advance_to(unit.clock.now + 5 * MINUTE)
    for _ in range(2):
        with pytest.raises(sessions.WrongPassword):
            wizard.log_in(unit, "root", "wrong", "t")
    assert wizard.log_in(unit, "root", "Administrator", "t")
    with pytest.raises(sessions.WrongPassword):
        wizard.log_in(unit, "root", "wrong", "t")
    assert wizard.log_in(unit, "root", "Administrator", "t")  # a success has cleared the failures


def test_a_session_ends_after_ten_idle_minutes_and_lives_while_it_is_used() -> None:
    unit = at("primary", "network")
    for _ in range(5):
        unit.clock.advance_to(unit.clock.now + 10 * MINUTE - 1)
        wizard.open_page(unit, "browser", "network")
    unit.clock.advance_to(unit.clock.now + 10 * MINUTE)
    with pytest.raises(sessions.LogInFirst):
        wizard.open_page(unit, "browser", "network")
    for token in (None, "", "guess"):
        with pytest.raises(sessions.LogInFirst):
            wizard.submit(unit, token, "network", given_for(unit, "network"))


def test_the_oldest_of_too_many_sessions_gives_way() -> None:
    unit = at("primary", "licence")
    for number in range(sessions.MOST):
        log_in(unit, f"browser {number}")
    with pytest.raises(sessions.LogInFirst):
        wizard.open_page(unit, "browser", "licence")
    assert wizard.open_page(unit, "browser 0", "licence")


def test_after_ignition_the_new_passwords_count() -> None:
    unit = ignited()
    assert desk(unit).sessions == ()
    assert sessions.log_in(unit, "root", ROOT, "a").user == "root"
    assert sessions.log_in(unit, "Administrator", ADMINISTRATOR, "b").user == "Administrator"
    for user, password in (("root", "Administrator"), ("Administrator", ROOT), ("system", "System-2026")):
        with pytest.raises(sessions.WrongPassword):
            sessions.log_in(unit, user, password, "c")


def test_a_copy_of_a_unit_in_any_state_goes_its_own_way() -> None:
    for page in ["login", *pages_of("primary")]:
        unit = at("primary", page)
        copy, before = unit.copy(), (images(unit), desk(unit), unit.state, len(unit.journal.events))
        finish(copy)
        assert copy.state == "running"
        assert (images(unit), desk(unit), unit.state, len(unit.journal.events)) == before
        finish(unit)
        assert images(unit) == images(copy)


def test_answers_that_were_never_given_are_none() -> None:
    assert answers_of(at("primary", "licence")) == Answers()
    assert kept(at("primary", "licence"))["answers"] is None


def test_names_that_are_nobodys_count_as_one() -> None:
    unit = at("primary", "login")
    for user in ("nobody", "somebody", "system"):
        with pytest.raises(sessions.WrongPassword):
            wizard.log_in(unit, user, "Administrator", "t")
    with pytest.raises(sessions.Blocked):
        wizard.log_in(unit, "anybody", "Administrator", "t")
    assert wizard.log_in(unit, "root", "Administrator", "t")


def test_a_ca_that_is_another_by_now_is_not_applied_unseen() -> None:
    unit = at("primary", "network")
    send(unit, "network", host_name="")
    tag = wizard.open_page(fill(unit), "browser", "review").tag
    unit.surroundings = replace(SILENT, hosts={"lan1.example.com": "10.1.2.3"})
    with pytest.raises(wizard.Conflict):
        wizard.submit(unit, "browser", "review", {}, tag)
    wizard.submit(unit, "browser", "review", {}, wizard.open_page(unit, "browser", "review").tag)
