"""A browser in memory in front of the web pages: it keeps cookies, reads forms and sends them, without a network."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.types import ASGIApp

from firmware.appliance import Appliance
from firmware.bench.orders import Order, new_unit
from firmware.bench.world import World
from firmware.times import parse_time
from ignition.web import application
from platforms import load

T = TypeVar("T")
START = parse_time("2026-11-23T09:00:00Z")
HOST = "127.0.0.1:7071"
MULTIPART = "multipart/form-data"


@dataclass
class Form:
    """A form as a page shows it: what it sends when nothing is typed."""

    action: str
    enctype: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.title = self.text = ""
        self.links: list[str] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.attributes.append((tag, found))
        self._inside.append(tag)
        if tag == "form":
            self.forms.append(Form(found["action"], found.get("enctype", "")))
        elif tag == "a":
            self.links.append(found["href"])
        elif tag == "input" and self.forms:
            form, kind = self.forms[-1], found.get("type", "text")
            form.names.add(found["name"])
            if kind not in ("radio", "checkbox") or "checked" in found:
                form.fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] == "title" and not self.title:
            self.title = data
        self.text += data + " "


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def html(self) -> _Reader:
        return _Reader(self.text)

    @property
    def words(self) -> str:
        """What a person reads, white space evened out."""
        return " ".join(self.html.text.split())

    def form(self, action: str = "") -> Form:
        return next(form for form in self.html.forms if (form.action == action if action else form.action != "/logout"))

    def error_at(self, name: str) -> str:
        """The sentence at a field; it must be tied to it."""
        tied = [attributes for _, attributes in self.html.attributes
                if f"{name}-error" in attributes.get("aria-describedby", "").split()]  # fmt: skip
        if not tied:
            return ""
        assert tied[0]["aria-invalid"] == "true"
        assert f'href="#{name}"' in self.text, "the summary leads to the field"
        text = self.text.split(f'id="{name}-error"')[1].split("</p>")[0].split("</span>")[1]
        return " ".join(text.split())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run what never really waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("the pages waited for something")


def ask(app: ASGIApp, method: str, target: str, headers: list[tuple[str, str]], *body: bytes) -> Answer:
    """One request in memory; the body in the pieces given."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "query_string": query.encode(),
        "root_path": "", "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 7071), "app": None,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }  # fmt: skip
    pieces = list(body) or [b""]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    run(app(scope, receive, send))  # type: ignore[arg-type]  # its type is the wider Awaitable
    start = sent[0]
    given = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]]
    return Answer(start["status"], given, b"".join(message.get("body", b"") for message in sent[1:]))


def multipart(fields: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """(content type, body) of a form with files."""
    border = "----border"
    parts = [f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]  # fmt: skip
    for name, data in files.items():
        head = f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{"ca.p12" if data else ""}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n")
    return f"{MULTIPART}; boundary={border}", b"".join(parts) + f"--{border}--\r\n".encode()


class Browser:
    """Keeps its cookies and the page in its window."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.cookies: dict[str, str] = {}
        self.page = Answer(0, [], b"")

    def ask(self, method: str, target: str, body: bytes = b"", kind: str = "", **headers: str) -> Answer:
        sent = [("host", HOST)] if "host" not in headers else []
        sent += [("content-type", kind)] if kind else []
        sent += [("content-length", str(len(body)))] if body else []
        sent += [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self.cookies:
            sent.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = self.carry(method, target, sent, body)
        for value in [value for name, value in answer.headers if name == "set-cookie"]:
            name, _, rest = value.partition("=")
            text = rest.partition(";")[0]
            self.cookies[name] = text
            if "Max-Age=0" in rest:
                del self.cookies[name]
        return answer

    def carry(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Take a request to the server: here to the application in memory."""
        return ask(self.app, method, target, headers, body)

    def open(self, target: str) -> Answer:
        """Open an address and follow where it leads."""
        self.page = self.ask("GET", target)
        return self._follow()

    def _follow(self) -> Answer:
        for _ in range(5):
            if self.page.status != 303:
                return self.page
            self.page = self.ask("GET", self.page.header("location"))
        raise AssertionError("it leads round in circles")

    def send(self, action: str = "", files: Mapping[str, bytes] | None = None, **typed: str) -> Answer:
        """Fill in a form of the page in the window and send it; the answer, before it is followed."""
        form = self.page.form(action)
        assert set(typed) <= form.names, (set(typed) - form.names, form)
        values = form.fields | typed
        if form.enctype == MULTIPART:
            given = files or {}
            plain = {name: value for name, value in values.items() if name != "ca_file"}
            kind, body = multipart(plain, {"ca_file": given.get("ca_file", b"")})
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(values).encode()
        return self.ask("POST", form.action, body, kind)

    def submit(self, action: str = "", files: Mapping[str, bytes] | None = None, **typed: str) -> Answer:
        """The same, and follow where it leads."""
        self.page = self.send(action, files, **typed)
        return self._follow()

    def log_in(self, user: str = "Administrator", password: str = "Administrator") -> Answer:  # noqa: S107
        self.open("/login")
        return self.submit("/login", user=user, password=password)


PASSWORDS = {
    f"{name}{again}": f"Ignition-2026-{word}"
    for name, word in (("root", "root"), ("administrator", "admin"), ("system", "system"))
    for again in ("", "_again")
}
# What a person types, page by page; a field that is not named stays as the page shows it.
TYPED: dict[str, dict[str, str]] = {
    "licence": {"accepted": "yes"},
    "network": {"address": "192.168.42.1", "mask": "255.255.255.0", "host_name": "server1"},
    "time": {"time_zone": "Europe/Berlin"},
    "passwords": PASSWORDS,
}


class Bench:
    """A unit that has come up, and the pages in front of it. Apply is over at once unless ``settles`` is unset."""

    def __init__(self, platform: str = "primary", seed: int = 7) -> None:
        self.unit: Appliance = new_unit(Order(load(platform), seed=seed), START)
        self.world = World(START)
        self.world.add(self.unit)
        self.settles = True
        self._numbers = count()
        self.start()

    def fork(self) -> Bench:
        """The same unit in the same state, from here on apart; the pages know nobody yet."""
        other = Bench.__new__(Bench)
        other.unit, other.world = self.unit.copy(), World(self.world.now)
        other.world.add(other.unit)
        other.settles, other._numbers = True, count()
        other._open()
        return other

    def start(self) -> None:
        """Switch it on; whoever knew the pages before knows new ones now."""
        self.world.act(self.unit, lambda: self.unit.platform.operations["power_on"](self.unit))
        self.world.settle()
        self._open()

    def _open(self) -> None:
        self.app = application(self.unit, self.act, self._token, {"127.0.0.1", "localhost", "[::1]"})

    def _token(self) -> str:
        return f"token-{next(self._numbers)}"

    def act(self, action: Callable[[], T]) -> T:
        results: list[T] = []
        self.world.act(self.unit, lambda: results.append(action()))
        if self.settles:
            self.world.settle()
        return results[0]

    def browser(self) -> Browser:
        return Browser(self.app)

    def at(self, page: str) -> Browser:
        """A browser that is logged in and has answered every page before this one."""
        browser = self.browser()
        browser.log_in()
        while not browser.page.form().action.endswith(f"/{page}"):
            answer(browser)
        return browser

    def ignited(self) -> Browser:
        """A browser that has gone through all of it."""
        browser = self.at("review")
        browser.submit()
        assert self.unit.state == "running"
        return browser


def answer(browser: Browser) -> Answer:
    """Answer the page in the window as TYPED says."""
    name = browser.page.form().action.rpartition("/")[2]
    typed = dict(TYPED.get(name, {}))
    return browser.submit("", None, **typed)
