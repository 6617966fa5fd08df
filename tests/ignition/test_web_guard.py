"""What stands before the pages: headers, hosts, tokens, log-in and lock-out, crafted requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from starlette.types import Receive, Scope, Send

from firmware.errors import StorageError
from ignition import sessions, wizard
from ignition.sessions import desk
from ignition.web_guard import COOKIE, HEADERS, MOST_VISITORS, SMALL, WITH_UPLOAD
from tests.ignition.browsing import HOST, TYPED, Answer, Bench, Browser, ask, multipart

PLAIN = "application/x-www-form-urlencoded"


def saved(bench: Bench) -> tuple[object, tuple[bytes, ...]]:
    """All that a request could change for good."""
    return desk(bench.unit).answers, bench.unit.internal.image()


def network_form(browser: Browser, **more: str) -> dict[str, str]:
    return browser.page.form().fields | TYPED["network"] | more


# Headers


ANSWERS: dict[str, Callable[[Browser], Answer]] = {
    "a page": lambda browser: browser.ask("GET", "/ignition/network"),
    "an error at a field": lambda browser: browser.send(address="x"),
    "a redirect": lambda browser: browser.ask("GET", "/"),
    "not found": lambda browser: browser.ask("GET", "/nowhere"),
    "wrong method": lambda browser: browser.ask("PUT", "/login"),
    "a strange host": lambda browser: browser.ask("GET", "/", host="evil.example"),
    "a strange origin": lambda browser: browser.ask("POST", "/login", origin="https://evil.example"),
    "a script": lambda browser: browser.ask("GET", "/static/progress.js"),
    "progress": lambda browser: browser.ask("GET", "/apply/progress"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_bears_the_headers(what: str) -> None:
    answer = ANSWERS[what](Bench().at("network"))
    for name, value in HEADERS.items():
        if (what, name) != ("a script", "Cache-Control"):
            assert [v for n, v in answer.headers if n == name.lower()] == [value], name


def test_a_fault_of_ours_is_a_page_without_details(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    browser = bench.at("network")

    def fails(*_anything: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(wizard, "open_page", fails)

    async def catching(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(RuntimeError):  # it goes on to the server's log
            await browser.app(scope, receive, send)

    answer = ask(catching, "GET", "/ignition/network", _headers(browser))
    assert answer.status == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.header("content-security-policy") == HEADERS["Content-Security-Policy"]


def _headers(browser: Browser) -> list[tuple[str, str]]:
    return [("host", "localhost"), ("cookie", f"{COOKIE}={browser.cookies[COOKIE]}")]


def test_nothing_is_inline() -> None:
    bench = Bench()
    browser = bench.at("review")
    texts = [browser.page.text, browser.open("/ignition/time").text, browser.open("/ignition/network").text]
    bench.settles = False
    browser.open("/ignition/review")
    texts.append(browser.submit().text)
    for text in texts:
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:|<script(?! src=\"/static/)", text)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_static_files_may_be_kept_and_change_their_address_with_their_content() -> None:
    browser = Bench().at("licence")
    address = re.search(r'href="(/static/style\.css\?v=[0-9a-f]{12})"', browser.page.text)
    assert address is not None
    answer = browser.ask("GET", address[1])
    assert answer.header("content-type") == "text/css; charset=utf-8"
    assert "max-age" in answer.header("cache-control")


# Hosts and origins


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:7071", "localhost:1", "LOCALHOST", "[::1]:7071", "192.168.42.1", "192.168.43.1:70"]
)
def test_the_server_answers_under_its_names(host: str) -> None:
    assert Bench().browser().ask("GET", "/login", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "127.0.0.1:7071@evil", "127.0.0.1:x", "127.0.0.1:123456", "[::1",
     "10.0.0.1", "127.0.0.1/", "127.0.0.1, evil", "server1"],
)  # fmt: skip
def test_and_under_no_other(host: str) -> None:
    answer = Bench().browser().ask("GET", "/login", host=host)
    assert answer.status == 400
    assert answer.header("set-cookie") == ""


def test_after_ignition_it_answers_under_the_names_of_its_certificate() -> None:
    bench = Bench()
    browser = bench.ignited()
    assert browser.ask("GET", "/login", host="server1:7071").status == 200
    assert browser.ask("GET", "/login", host="SERVER1.").status == 200


def test_a_host_must_be_named_once() -> None:
    bench = Bench()
    assert ask(bench.app, "GET", "/login", []).status == 400
    assert ask(bench.app, "GET", "/login", [("host", "localhost"), ("host", "localhost")]).status == 400


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:7071",
        "null",
        "",
        "https://10.0.0.1",
        "https://127.0.0.1:1",
        "https://localhost:7071",
    ],
)
def test_a_form_of_another_server_is_refused(origin: str) -> None:
    bench = Bench()
    browser = bench.at("network")
    before = saved(bench)
    answer = browser.ask("POST", "/ignition/network", urlencode(network_form(browser)).encode(), PLAIN, origin=origin)
    assert answer.status == 403
    assert saved(bench) == before


def test_a_form_of_its_own_is_taken() -> None:
    browser = Bench().at("network")
    body = urlencode(network_form(browser)).encode()
    own = f"https://{HOST}"
    assert browser.ask("POST", "/ignition/network", body, PLAIN, origin=own).status == 303


# Cookie, token, log-in


def test_the_cookie() -> None:
    browser = Bench().browser()
    given = browser.ask("GET", "/login").header("set-cookie")
    assert given.startswith(f"{COOKIE}=token-")
    attributes = {part.strip().lower() for part in given.split(";")[1:]}
    assert attributes == {"secure", "httponly", "samesite=strict", "path=/"}


def test_cookie_and_token_change_at_log_in() -> None:
    browser = Bench().browser()
    page = browser.open("/login")
    before, token = browser.cookies[COOKIE], page.form().fields["csrf"]
    page = browser.log_in()
    assert browser.cookies[COOKIE] != before
    assert page.form().fields["csrf"] != token
    planted = Browser(browser.app)
    planted.cookies[COOKIE] = before
    assert planted.ask("GET", "/ignition/licence").header("location") == "/login"


@pytest.mark.parametrize("token", [None, "", "token-0", "µ"])
def test_a_form_without_its_token_is_refused(token: str | None) -> None:
    bench = Bench()
    browser = bench.at("network")
    before = saved(bench)
    values = network_form(browser)
    del values["csrf"]
    if token is not None:
        values["csrf"] = token
    answer = browser.ask("POST", "/ignition/network", urlencode(values).encode(), PLAIN)
    assert answer.status == 403
    assert saved(bench) == before


def test_the_token_of_another_session_is_refused() -> None:
    bench = Bench()
    one, other = bench.at("network"), bench.browser()
    other.log_in()
    values = network_form(one, csrf=other.open("/ignition/network").form().fields["csrf"])
    assert one.ask("POST", "/ignition/network", urlencode(values).encode(), PLAIN).status == 403


def test_logging_in_needs_the_token_of_the_form() -> None:
    bench = Bench()
    body = urlencode({"user": "root", "password": "Administrator", "csrf": ""}).encode()
    assert bench.browser().ask("POST", "/login", body, PLAIN).status == 403
    assert desk(bench.unit).sessions == ()


def test_a_post_without_a_session() -> None:
    bench = Bench()
    browser = bench.at("network")
    body = urlencode(network_form(browser)).encode()
    before = saved(bench)
    answer = bench.browser().ask("POST", "/ignition/network", body, PLAIN)
    assert answer.status == 401
    assert "/login" in answer.html.links
    assert saved(bench) == before


def test_the_forgotten_of_many_visitors_open_the_page_again() -> None:
    bench = Bench()
    first = bench.browser()
    first.open("/login")
    logged_in = bench.at("licence")
    for _ in range(MOST_VISITORS):
        bench.browser().open("/login")
    assert first.send(user="root", password="Administrator").status == 403
    assert first.log_in().form().action == "/ignition/licence"
    assert logged_in.submit(accepted="yes").form().action == "/ignition/server_type"


def test_a_wrong_password_says_so_at_the_field_and_not_which_of_both_it_is() -> None:
    browser = Bench().browser()
    browser.open("/login")
    said = set()
    for user in ("root", "nobody"):
        page = browser.send(user=user, password="wrong")
        assert page.status == 401
        said.add(page.error_at("password"))
        assert page.form().fields["user"] == user
        assert page.html.title.startswith("Error: Log in")
    assert said == {"The user name or the password is wrong."}


def test_three_failures_block_for_a_minute() -> None:
    bench = Bench()
    browser = bench.browser()
    for _ in range(3):
        assert browser.log_in(password="wrong").status == 401
    blocked = browser.log_in()
    assert blocked.status == 429
    assert blocked.header("retry-after") == "60"
    assert "Log-in is blocked after 3 failures. Try again in 1m." in blocked.words
    bench.world.run_until(bench.world.now + 59_999)
    assert browser.log_in().header("retry-after") == "1"
    bench.world.run_until(bench.world.now + 1)
    assert browser.log_in().status == 200


# Crafted requests


def _post(path: str, body: bytes, kind: str = PLAIN, **headers: str) -> Callable[[Browser], Answer]:
    return lambda browser: browser.ask("POST", path, body, kind, **headers)


def _network(**more: str) -> Callable[[Browser], Answer]:
    return lambda browser: browser.ask(
        "POST", "/ignition/network", urlencode(network_form(browser, **more)).encode(), PLAIN
    )


def _twice(browser: Browser) -> Answer:
    body = urlencode(network_form(browser)) + "&host_name=again"
    return browser.ask("POST", "/ignition/network", body.encode(), PLAIN)


def _upload(browser: Browser) -> Answer:
    kind, body = multipart(network_form(browser), {})
    return browser.ask("POST", "/ignition/network", body, kind)


CRAFTED: dict[str, tuple[Callable[[Browser], Answer], int]] = {
    "unknown field": (_network(strange="1"), 400),
    "field given twice": (_twice, 400),
    "a query": (lambda browser: browser.ask("POST", "/ignition/network?x=1", b"a=b", PLAIN), 400),
    "too many fields": (_post("/ignition/network", b"&".join(b"a%d=1" % n for n in range(100))), 400),
    "no form at all": (_post("/ignition/network", b"\x00\xff"), 400),
    "half a form": (_post("/ignition/network", b"csrf"), 400),
    "not UTF-8": (_post("/ignition/network", b"host_name=%ff"), 400),
    "a body too large": (_post("/ignition/network", b"host_name=" + b"a" * SMALL), 413),
    "a body said to be too large": (_post("/ignition/network", b"", content_length="9" * 30), 413),
    "a length that is none": (_post("/ignition/network", b"", content_length="-1"), 400),
    "an upload too large": (
        _post("/ignition/security", b"a" * (WITH_UPLOAD + 1), "multipart/form-data; boundary=x"),
        413,
    ),
    "JSON": (_post("/ignition/network", b"{}", "application/json"), 415),
    "text": (_post("/ignition/network", b"a=b", "text/plain"), 415),
    "no content type": (_post("/ignition/network", b"a=b", ""), 415),
    "an upload where none is": (_upload, 415),
    "an upload without a boundary": (_post("/ignition/security", b"a", "multipart/form-data"), 400),
    "an upload of nothing": (
        _post("/ignition/security", b"--x\r\n\r\n\r\n--x", "multipart/form-data; boundary=x"),
        400,
    ),
    "PUT": (lambda browser: browser.ask("PUT", "/ignition/network"), 405),
    "DELETE": (lambda browser: browser.ask("DELETE", "/"), 405),
    "POST where only GET is": (_post("/apply/progress", b""), 405),
    "GET where only POST is": (lambda browser: browser.ask("GET", "/logout"), 405),
    "a path beside": (lambda browser: browser.ask("GET", "/static/../web.py"), 404),
    "a coded path beside": (lambda browser: browser.ask("GET", "/static/..%2f..%2fpyproject.toml"), 404),
    "an absolute path": (lambda browser: browser.ask("GET", "/static//etc/passwd"), 404),
    "a template": (lambda browser: browser.ask("GET", "/templates/base.html"), 404),
    "a page of no server": (_post("/ignition/..", b""), 404),
    "a form of no server": (_post("/platform/reinstall", b""), 404),
    "a file without its form": (_post("/ignition/security", b"ca_file=aGVsbG8="), 400),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_request_changes_nothing(what: str) -> None:
    bench = Bench()
    browser = bench.at("network")
    before = saved(bench)
    send, status = CRAFTED[what]
    answer = send(browser)
    assert answer.status == status, answer.words
    assert saved(bench) == before
    assert "Traceback" not in answer.text
    assert answer.html.title, "a page in the design of the others"


def test_wrong_method_says_what_is_possible() -> None:
    assert Bench().browser().ask("PUT", "/apply/progress").header("allow") in ("GET, HEAD", "HEAD, GET")


def test_a_body_that_grows_beyond_its_limit_is_cut_off() -> None:
    bench = Bench()
    browser = bench.at("network")
    headers = [*_headers(browser), ("content-type", PLAIN)]
    pieces = [b"a" * 1024] * (SMALL // 1024 + 1)
    assert ask(bench.app, "POST", "/ignition/network", headers, *pieces).status == 413


def test_the_ca_file_must_be_a_file() -> None:
    bench = Bench()
    browser = bench.at("security")
    values = browser.page.form().fields | {"ca": "import", "ca_file": "aGVsbG8="}
    assert browser.ask("POST", "/ignition/security", urlencode(values).encode(), PLAIN).status == 400
    kind, body = multipart({name: value for name, value in values.items() if name != "ca"}, {"ca": b"generate"})
    assert browser.ask("POST", "/ignition/security", body, kind).status == 400


def test_a_file_of_nonsense_is_refused_at_its_field() -> None:
    page = Bench().at("security").send("", {"ca_file": b"\x00" * 1000}, ca="import")
    assert page.status == 422
    assert page.error_at("ca_file")


def test_a_disk_that_takes_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    browser = bench.at("network")

    def full(*_anything: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("ignition.answers.save", full)
    page = browser.send("", None, **TYPED["network"])
    assert page.status == 503
    assert "The disk is full. Nothing was changed." in page.words


def test_no_more_sessions_than_the_engine_keeps() -> None:
    bench = Bench()
    first = bench.at("licence")
    for _ in range(sessions.MOST):
        bench.at("licence")
    assert first.ask("GET", "/ignition/licence").header("location") == "/login"
