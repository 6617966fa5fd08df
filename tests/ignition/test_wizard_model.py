"""The wizard against a plain model of it: two browsers, any page by name, stale forms, time, power cuts, then Apply."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware.appliance import Appliance
from firmware.device.faults import Cut
from firmware.errors import BadInput, NotNow
from firmware.times import MINUTE
from ignition import pages, passwords, sessions, wizard
from ignition.sessions import desk
from tests.boot.cuts import FORMS
from tests.boot.units import act, start_again
from tests.ignition.cuts import check_settled, check_whole
from tests.ignition.units import GIVEN, answers_of, at, settings_of

# ignition.md, the column "which servers".
TABLE = {
    "primary": ("licence", "server_type", "disk", "network", "time", "passwords", "security", "review"),
    "secondary": ("licence", "server_type", "disk", "network", "time", "passwords", "review"),
    "expansion": ("licence", "server_type", "disk", "network", "time", "passwords", "review"),
    "application_server": (
        "licence", "server_type", "disk", "network", "time", "passwords", "services", "security", "review",
    ),
    "ucm": ("licence", "network", "time", "passwords", "services", "security", "review"),
}  # fmt: skip
EVERY_PAGE = ("login", *dict.fromkeys(page for row in TABLE.values() for page in row if page != "disk"),
              "new_hardware", "apply", "nonsense", "../licence")  # fmt: skip

Values = dict[str, str]


def _changed(page: str, **changes: str) -> Values:
    return {**GIVEN[page], **changes}


def _password(word: str) -> Values:
    return dict.fromkeys(GIVEN["passwords"], word)


VALID: dict[str, list[Values]] = {
    "licence": [{"accepted": "yes"}],
    "server_type": [{"server_type": role} for role in TABLE if role != "ucm"],
    "new_hardware": [{"format_disk": "yes"}, {"format_disk": "no"}],
    "network": [_changed("network"), _changed("network", host_name="other"), _changed("network", dns2="10.1.2.9")],
    "time": [_changed("time"), _changed("time", time_zone="Asia/Tokyo"), _changed("time", date_time="")],
    "passwords": [_password("Secret-1"), _password("Secret-2")],
    "services": [{"one_x_portal": "yes", "voicemail_pro": "no"}, {"one_x_portal": "no", "voicemail_pro": "no"}],
    "security": [{"ca": "generate", "ca_file": "", "ca_password": ""}],
}
INVALID: dict[str, Values] = {
    "licence": {"accepted": "no"},
    "server_type": {"server_type": "ucm"},
    "new_hardware": {"format_disk": "perhaps"},
    "network": _changed("network", gateway="10.9.9.9"),
    "time": _changed("time", time_zone="Mars/Base"),
    "passwords": _password("short"),
    "services": {"one_x_portal": "2", "voicemail_pro": "no"},
    "security": {"ca": "import", "ca_file": "AAAA", "ca_password": ""},
}
BROWSERS = st.sampled_from(["one", "other"])


def _submit(unit: Appliance, token: str, page: str, values: Values, tag: str | None = None) -> None:
    wizard.submit(unit, token, page, values, tag)


class Model(RuleBasedStateMachine):
    """``saved`` is what is kept of each page, ``forms`` what each browser last saw of one."""

    ordered = "primary"
    with_disk = False

    def __init__(self) -> None:
        super().__init__()
        self.saved: dict[str, Values] = {}
        self.forms: dict[tuple[str, str], tuple[str, object]] = {}  # (browser, page) -> tag, what it was made from
        self.tokens: dict[str, str] = {}
        self.open: dict[str, int] = {}  # token -> last seen
        self.failures: list[tuple[str, int]] = []
        self.announced: tuple[int, object] = (0, None)
        self.count = 0
        self.applied = False

    @initialize()
    def power_on(self) -> None:
        kind = "primary, further disk" if self.with_disk else self.ordered
        self.unit: Appliance = at(kind, "login")

    # What the model expects.

    @property
    def now(self) -> int:
        return self.unit.clock.now

    @property
    def role(self) -> str:
        return self.saved.get("server_type", {}).get("server_type", self.ordered)

    @property
    def order(self) -> list[str]:
        row = ["new_hardware" if page == "disk" else page for page in TABLE[self.role]]
        return [page for page in row if page != "new_hardware" or self.with_disk]

    @property
    def frontier(self) -> str:
        return next(page for page in self.order if page == "review" or page not in self.saved)

    def is_reachable(self, page: str) -> bool:
        return page in self.order and self.order.index(page) <= self.order.index(self.frontier)

    def is_logged_in(self, browser: str) -> bool:
        token = self.tokens.get(browser)
        return token in self.open and self.now - self.open[token] < 10 * MINUTE

    def announce(self) -> None:
        """Review is on show: the CA that Apply would make is fixed."""
        if "security" not in self.order or self.saved["security"]["ca"] != "generate":
            return
        time, host = self.saved["time"], self.saved["network"]["host_name"]
        zone = time["time_zone"] if time.get("date_time") else ""
        basis = (self.role, host, time.get("date_time", ""), zone)
        if self.announced[1] != basis:
            self.announced = (self.announced[0] + 1, basis)

    def holds(self, page: str) -> object:
        """What a form of this page is made from."""
        if page == "review":
            return {name: dict(values) for name, values in self.saved.items()}, self.announced
        return dict(self.saved.get(page, {}))

    def saw(self, browser: str, shown: wizard.Shown) -> None:
        name = shown.page.name
        assert name in self.order
        if name == "review":
            self.announce()
        self.forms[browser, name] = (shown.tag, self.holds(name))
        assert [page.name for page in shown.pages] == self.order
        assert shown.frontier.name == self.frontier
        assert self.unit.state == f"ignition.{name}"

    def enter(self, browser: str, page: str) -> bool:
        """Whether a request gets as far as its page: else the wizard says what stands in the way."""
        token = self.tokens.get(browser)
        if self.applied:
            with pytest.raises(NotNow):
                wizard.open_page(self.unit, token, page)
            return False
        if not self.is_logged_in(browser):
            with pytest.raises(sessions.LogInFirst):
                wizard.open_page(self.unit, token, page)
            self.open.pop(token or "", None)
            return False
        assert token is not None
        self.open[token] = self.now
        if not self.is_reachable(page):
            with pytest.raises(wizard.NotYet) as refused:
                wizard.open_page(self.unit, token, page)
            assert refused.value.page == self.frontier
            return False
        return True

    # What people do.

    @rule(browser=BROWSERS, user=st.sampled_from(["root", "Administrator", "nobody", "somebody"]), right=st.booleans())
    def log_in(self, browser: str, user: str, right: bool) -> None:
        if self.applied:
            with pytest.raises(NotNow):
                wizard.log_in(self.unit, user, "Administrator", browser)
        else:
            self.try_to_log_in(browser, user, right)

    def try_to_log_in(self, browser: str, user: str, right: bool) -> None:
        self.count += 1
        token, password = f"{browser} {self.count}", "Administrator" if right else "administrator"
        counted = user if user in ("root", "Administrator") else "nobody"
        mine = [when for who, when in self.failures if who == counted and self.now - when < 10 * MINUTE]
        if len(mine) >= 3 and self.now - max(mine) < MINUTE:
            with pytest.raises(sessions.Blocked):
                wizard.log_in(self.unit, user, password, token)
        elif right and counted != "nobody":
            assert wizard.log_in(self.unit, user, password, token).user == user
            self.tokens[browser] = token
            self.open[token] = self.now
            self.failures = [(who, when) for who, when in self.failures if who != counted]
            if self.unit.state == "ignition.review":
                self.announce()
        else:
            with pytest.raises(sessions.WrongPassword):
                wizard.log_in(self.unit, user, password, token)
            self.failures.append((counted, self.now))

    @precondition(lambda self: not self.applied)
    @rule(browser=BROWSERS, count=st.integers(1, 9), data=st.data())
    def go_on(self, browser: str, count: int, data: st.DataObject) -> None:
        """Log in where that is needed, and answer the next pages."""
        if not self.is_logged_in(browser):
            self.try_to_log_in(browser, "root", True)
        for _ in range(count):
            if self.frontier != "review" and self.enter(browser, self.frontier):
                page = self.frontier
                values = self.values_of(page, data.draw(st.sampled_from(VALID[page])))
                self.send(browser, page, values, None)
        if count == 9 and self.frontier == "review" and self.enter(browser, "review"):
            self.apply_as(browser, False)

    @precondition(lambda self: not self.applied and len(self.saved) > 1)
    @rule(data=st.data(), at_review=st.booleans())
    def send_a_form_that_is_older_than_what_is_saved(self, data: st.DataObject, at_review: bool) -> None:
        for browser in ("one", "other"):
            if not self.is_logged_in(browser):
                self.try_to_log_in(browser, "Administrator", True)
        page = data.draw(st.sampled_from([page for page in self.order if page in self.saved]))
        shown = "review" if at_review and self.frontier == "review" else page
        if not self.is_logged_in("other") or not self.enter("one", shown):
            return
        self.saw("one", wizard.open_page(self.unit, self.tokens["one"], shown))
        self.enter("other", page)
        self.send("other", page, self.values_of(page, data.draw(st.sampled_from(VALID[page]))), None)
        if shown == "review":
            if self.enter("one", "review"):
                self.apply_as("one", True)
        else:
            self.submit_as("one", page, self.values_of(page, data.draw(st.sampled_from(VALID[page]))), True)

    @rule(browser=BROWSERS)
    def log_out(self, browser: str) -> None:
        if not self.applied and browser in self.tokens:
            sessions.log_out(self.unit, self.tokens[browser])
            self.open.pop(self.tokens[browser], None)

    @rule(browser=BROWSERS, page=st.sampled_from(EVERY_PAGE))
    def open_page(self, browser: str, page: str) -> None:
        if self.enter(browser, page):
            shown = wizard.open_page(self.unit, self.tokens[browser], page)
            assert shown.page.name == page
            self.saw(browser, shown)

    @rule(browser=BROWSERS, page=st.sampled_from(EVERY_PAGE))
    def back(self, browser: str, page: str) -> None:
        if self.enter(browser, page):
            shown = wizard.back(self.unit, self.tokens[browser], page)
            assert shown.page.name == self.order[max(self.order.index(page) - 1, 0)]
            self.saw(browser, shown)

    def values_of(self, page: str, values: Values) -> Values:
        seen = {field.name for field in pages.BY_NAME[page].shown_fields(wizard.server(self.unit))}
        return {name: value for name, value in values.items() if name in seen}

    @rule(browser=BROWSERS, ahead=st.integers(0, 2), data=st.data(), with_tag=st.booleans(), twice=st.booleans())
    def submit(self, browser: str, ahead: int, data: st.DataObject, with_tag: bool, twice: bool) -> None:
        """Send a page, most often the one whose turn it is."""
        page = self.frontier if ahead else data.draw(st.sampled_from(list(VALID)))
        if page == "review" or not self.enter(browser, page):
            return
        values = self.values_of(page, data.draw(st.sampled_from(VALID[page])))
        for _ in range(1 + twice):
            self.submit_as(browser, page, values, with_tag)

    def submit_as(self, browser: str, page: str, values: Values, with_tag: bool) -> None:
        tag, made_from = self.forms.get((browser, page), (None, None)) if with_tag else (None, None)
        if tag is not None and made_from != self.holds(page) and self.kept_of(page, values) != self.holds(page):
            with pytest.raises(wizard.Conflict):
                wizard.submit(self.unit, self.tokens[browser], page, values, tag)
            return
        self.send(browser, page, values, tag)

    def send(self, browser: str, page: str, values: Values, tag: str | None) -> None:
        shown = wizard.submit(self.unit, self.tokens[browser], page, values, tag)
        self.saved[page] = self.kept_of(page, values)
        assert not shown.errors
        assert shown.page.name == self.order[self.order.index(page) + 1]
        self.saw(browser, shown)

    @staticmethod
    def kept_of(page: str, values: Values) -> Values:
        return {"ca": values["ca"]} if page == "security" else dict(values)

    @rule(browser=BROWSERS, page=st.sampled_from(list(INVALID)))
    def submit_invalid(self, browser: str, page: str) -> None:
        if self.enter(browser, page):
            shown = wizard.submit(self.unit, self.tokens[browser], page, self.values_of(page, INVALID[page]))
            assert shown.errors
            assert shown.page.name == page
            self.saw(browser, shown)

    @rule(browser=BROWSERS, page=st.sampled_from(list(VALID)))
    def submit_a_field_that_is_none(self, browser: str, page: str) -> None:
        if self.enter(browser, page):
            with pytest.raises(BadInput):
                wizard.submit(self.unit, self.tokens[browser], page, {**VALID[page][0], "plan": "x"})

    @rule(minutes=st.sampled_from([1, 4, 9, 10, 11]))
    def wait(self, minutes: int) -> None:
        self.unit.clock.advance_to(self.now + minutes * MINUTE)

    def _all_lost(self) -> None:
        self.open.clear()
        self.failures.clear()

    @precondition(lambda self: not self.applied and self.saved)
    @rule(really=st.integers(0, 3))
    def power_cycle(self, really: int) -> None:
        if really:
            return
        start_again(self.unit)
        self._all_lost()

    @rule(browser=BROWSERS, data=st.data(), operation=st.integers(1, 14), form=st.sampled_from(FORMS))
    def submit_and_lose_power(self, browser: str, data: st.DataObject, operation: int, form: tuple[Any, Any]) -> None:
        page = data.draw(st.sampled_from([page for page in self.order if self.is_reachable(page)]))
        if page == "review" or not self.enter(browser, page):
            return
        values = self.values_of(page, data.draw(st.sampled_from(VALID[page])))
        before, announced = dict(self.saved), self.announced
        self.unit.rail.arm(Cut(operation, *form))
        token = self.tokens[browser]
        act(self.unit, lambda: _submit(self.unit, token, page, values))
        self.unit.rail.arm(None)
        self.saved[page] = self.kept_of(page, values)
        if self.unit.state == "ignition.review":
            self.announce()
        start_again(self.unit)
        self._all_lost()
        found = desk(self.unit).answers
        kept = {name for name, _ in found.pages}
        assert kept in (set(before), set(self.saved))
        if page in before and page in kept and page != "passwords":
            assert found.of(page) in (before[page], self.saved[page])
        if page not in kept or (page != "passwords" and found.of(page) == before.get(page)):
            self.saved = before
        elif page == "passwords" and page in before:
            word = before[page]["root"]
            if passwords.matches(word, found.value(page, "root")):
                self.saved = before
        number = found.announced.number if found.announced else 0
        assert number in (announced[0], announced[0] + 1, self.announced[0])
        if number == announced[0]:
            self.announced = announced
        elif self.announced[0] != number:
            self.announce()

    @rule(browser=BROWSERS, with_tag=st.booleans())
    def apply(self, browser: str, with_tag: bool) -> None:
        if self.enter(browser, "review"):
            self.apply_as(browser, with_tag)

    def apply_as(self, browser: str, with_tag: bool) -> None:
        tag, made_from = self.forms.get((browser, "review"), (None, None)) if with_tag else (None, None)
        self.announce()
        if tag is not None and made_from != self.holds("review"):
            with pytest.raises(wizard.Conflict):
                wizard.submit(self.unit, self.tokens[browser], "review", {}, tag)
            return
        token = self.tokens[browser]
        act(self.unit, lambda: _submit(self.unit, token, "review", {}, tag))
        self.applied = True
        assert self.unit.state == "running"
        assert self.unit.platform.name == self.role
        assert settings_of(self.unit).generation == 1
        assert self.unit.ram.host_name == self.saved["network"]["host_name"]
        if self.unit.ram.authority is not None:
            assert self.unit.ram.authority.number == self.announced[0]
        check_whole(self.unit, "applied")
        word = self.saved["passwords"]["administrator"]
        self.unit.clock.advance_to(self.now + MINUTE)  # who was locked out before is not any longer
        assert sessions.log_in(self.unit, "Administrator", word, "web").user == "Administrator"
        check_settled(self.unit.copy(), "applied")

    @invariant()
    def the_disk_holds_what_the_model_does(self) -> None:
        if self.applied:
            assert self.unit.state == "running"
            return
        found = answers_of(self.unit)
        assert found == desk(self.unit).answers
        assert [name for name, _ in found.pages] == sorted(self.saved)
        for page, values in self.saved.items():
            if page == "passwords":
                assert passwords.matches(values["root"], found.value(page, "root"))
            else:
                assert found.of(page) == values
        assert (found.announced.number if found.announced else 0) == self.announced[0]
        assert found.plan is None
        assert self.unit.ram.identity is None


class ModuleModel(Model):
    ordered = "ucm"


class DiskModel(Model):
    with_disk = True


class SecondaryModel(Model):
    ordered = "secondary"


FEW = settings(max_examples=25, stateful_step_count=50)
MANY = settings(max_examples=150, stateful_step_count=60)

TestTheWizardIsItsModel = Model.TestCase
TestTheWizardIsItsModel.settings = FEW


def _slow(machine: type[Model]) -> Any:
    case = machine.TestCase
    case.settings = MANY
    return pytest.mark.slow(case)


class _Primary(Model):
    pass


TestThePrimarysWizardIsItsModel = _slow(_Primary)
TestTheModulesWizardIsItsModel = _slow(ModuleModel)
TestTheWizardWithAFurtherDiskIsItsModel = _slow(DiskModel)
TestTheSecondarysWizardIsItsModel = _slow(SecondaryModel)
