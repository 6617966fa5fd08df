"""Whatever is sent to the pages: never a fault, never a traceback, and nothing invalid is ever saved."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv4Network
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from ignition import checks, zones
from ignition.pages import ASKED, BY_NAME, STEPS
from ignition.sessions import desk
from ignition.web_platform import FORMS, Form
from tests.ignition.browsing import Answer, Bench, Browser, multipart

PLAIN = "application/x-www-form-urlencoded"
PAGES = [page.name for page in STEPS]
FIELDS = sorted({field.name for page in ASKED for field in page.fields})
PLAUSIBLE = [
    "", "yes", "no", "static", "dhcp", "eth0", "eth1", "192.168.42.1", "10.0.0.0", "10.255.255.255", "255.255.255.0",
    "/24", "0", "300", "server1", "-", "Europe/Berlin", "../etc/passwd", "2026-11-24T08:30", "2026-02-30T00:00",
    "2026-03-29T02:30", "a-law", "mu-law", "Secret-2026", "aaaa1111", "generate", "import", "primary", "secondary",
    "ucm", "0.pool.ntp.org", "\u0660.\u0661.\u0662.\u0663", "\0", "<b>", "x" * 300,
]  # fmt: skip
PIECES = [
    b"--x",
    b"\r\n",
    b"--",
    b'Content-Disposition: form-data; name="a"',
    b'; filename="b"',
    b"=",
    b"&",
    b"%",
    b"csrf",
]
texts = st.sampled_from(PLAUSIBLE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
sent = st.lists(st.tuples(st.sampled_from(FIELDS) | texts, texts), max_size=12)


def _require_harmless(answer: Answer) -> None:
    assert answer.status < 500
    assert "Traceback" not in answer.text
    assert answer.header("content-security-policy")


def _require_valid(bench: Bench) -> None:
    """What is saved, judged by rules of its own."""
    for name, pairs in desk(bench.unit).answers.pages:
        values = dict(pairs)
        assert name in BY_NAME
        assert set(values) <= {field.name for field in BY_NAME[name].fields} | {"authority"}
        if name == "network" and values["mode"] == "static":
            network = IPv4Network(f"{values['address']}/{values['mask']}", strict=False)
            assert IPv4Address(values["address"]) in list(network.hosts())[:1] or network.num_addresses > 2
            assert values["gateway"] == "" or IPv4Address(values["gateway"]) in network
        if name == "network" and values["host_name"]:
            assert values["host_name"].isascii()
            assert len(values["host_name"]) <= checks.LONGEST_HOST_NAME
        if name == "time":
            assert values["time_zone"] in zones.names()
        if name == "passwords":
            assert all(text.startswith("$scrypt$") for text in values.values())
        if name == "licence":
            assert values == {"accepted": "yes"}


@cache
def _answered(platform: str) -> Bench:
    bench = Bench(platform)
    bench.at("review")
    return bench


def _server(platform: str) -> tuple[Bench, Browser]:
    """A server of which every page is answered, and somebody who is logged in: the same for each example."""
    bench = _answered(platform).fork()
    browser = bench.browser()
    browser.log_in()
    return bench, browser


@settings(max_examples=300)
@given(
    platform=st.sampled_from(["primary", "secondary"]), page=st.sampled_from(PAGES), pairs=sent, tagged=st.booleans()
)
def test_forms_of_the_wizard(platform: str, page: str, pairs: list[tuple[str, str]], tagged: bool) -> None:
    bench, browser = _server(platform)
    form = browser.open(f"/ignition/{page}").form()
    own = [(name, form.fields[name]) for name in ("csrf", "tag")[: 1 + tagged]]
    _require_harmless(browser.ask("POST", form.action, urlencode([*own, *pairs]).encode(), PLAIN))
    _require_valid(bench)


@settings(max_examples=300)
@given(page=st.sampled_from(PAGES[:-1]), data=st.data())
def test_fields_of_the_wizard(page: str, data: st.DataObject) -> None:
    """A form as the page has it, some of its fields with something else in them: more of it gets through."""
    bench, browser = _server("primary")
    form = browser.open(f"/ignition/{page}").form()
    names = sorted(form.names - {"csrf", "tag", "ca_file"})
    typed = data.draw(st.dictionaries(st.sampled_from(names), texts, max_size=5)) if names else {}
    upload = data.draw(st.binary(max_size=200))
    values = form.fields | typed
    values.pop("ca_file", None)
    if form.enctype:
        kind, body = multipart({name: text.replace("\0", "") for name, text in values.items()}, {"ca_file": upload})
    else:
        kind, body = PLAIN, urlencode(values).encode()
    _require_harmless(browser.ask("POST", form.action, body, kind))
    _require_valid(bench)


@settings(max_examples=200)
@given(
    path=st.sampled_from(["/login", "/logout", "/apply", *(f"/ignition/{name}" for name in PAGES)]),
    kind=st.sampled_from([PLAIN, "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", "µ"]),
    body=st.binary(max_size=300) | st.lists(st.sampled_from(PIECES)).map(b"".join),
)
def test_bodies(path: str, kind: str, body: bytes) -> None:
    bench, browser = _server("primary")
    before = desk(bench.unit).answers
    answer = browser.ask("POST", path, body, kind)
    _require_harmless(answer)
    assert answer.status >= 400
    assert desk(bench.unit).answers == before


@settings(max_examples=200)
@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=40), method=st.sampled_from(["GET", "HEAD", "POST"])
)
def test_addresses(path: str, method: str) -> None:
    _, browser = _server("secondary")
    _require_harmless(browser.ask(method, "/" + quote(path, safe="/?%")))


@cache
def _ignited() -> Bench:
    bench = Bench("primary", 11)
    bench.ignited()
    return bench


_NAMES = sorted({field.name for form in FORMS for field in form.page.fields})


@settings(max_examples=200)
@given(form=st.sampled_from(FORMS), typed=st.dictionaries(st.sampled_from(_NAMES), texts, max_size=4))
def test_forms_of_the_platform_page(form: Form, typed: dict[str, str]) -> None:
    bench = _ignited().fork()
    administrator = bench.browser()
    page = administrator.log_in(password="Ignition-2026-admin")
    action = f"/platform/{form.page.name}"
    fields = next((found.fields for found in page.html.forms if found.action == action), {"csrf": ""})
    answer = administrator.ask("POST", action, urlencode(fields | typed).encode(), PLAIN)
    _require_harmless(answer)
    configuration = bench.unit.ram.configuration
    assert configuration is not None
    assert checks.host_name(bench.unit.ram.host_name)
    for lan in configuration.lans:
        assert lan.dhcp or checks.address(lan.address)
    assert configuration.primary == "" or checks.address(configuration.primary)
