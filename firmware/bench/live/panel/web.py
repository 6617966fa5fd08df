"""The panel for a browser: an ASGI application in front of hands and eyes. It opens no socket."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from firmware.appliance import Appliance
from firmware.bench.html import states_view
from firmware.bench.html.timeline_view import tone
from firmware.bench.live.panel.eyes import Eyes
from firmware.bench.live.panel.hands import SPEEDS, Hands
from firmware.boot.buttons import BANDS
from firmware.device.panel import Light
from firmware.errors import BadInput, FirmwareError
from firmware.security import reading
from ignition.web_guard import Guarded

LONGEST = 4096  # bytes of what is asked for
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_LED_NAMES = {"cpu": "CPU", "sd": "System SD", "base": "Base unit", "upper": "Upper", "lower": "Lower"}


class Panel:
    """What the pages work on. ``session`` tells one run of the simulator from the next; ``pages`` is where a Linux
    server's own pages are, if it has any."""

    def __init__(self, unit: Appliance, hands: Hands, eyes: Eyes, session: str, pages: str | None) -> None:
        self.unit, self.hands, self.eyes, self.session, self.pages = unit, hands, eyes, session, pages

    async def page(self, _request: Request) -> Response:
        unit, operations = self.unit, self.unit.platform.operations
        return _page(
            "panel.html",
            unit=unit,
            platform=unit.platform,
            leds=[(led, _LED_NAMES[led]) for led in unit.platform.leds],
            slot_names={
                slot: (slot[:1].upper() + slot[1:]).replace("-", " ").replace("sd", "SD") for slot in unit.slots
            },
            buttons=list(BANDS) if "press" in operations else [],
            orders=[(name, words) for name, words in _ORDERS if name in operations],
            takes_new_cards=unit.platform.files in unit.platform.slots,
            pages=self.pages,
            diagram=_diagram(unit),
            table=_table(self.session),
        )

    async def now(self, request: Request) -> Response:
        return self._seen(request)

    def _seen(self, request: Request, said: str = "", status: int = 200) -> Response:
        after, flash = (_number(request, name) for name in ("after", "flash"))
        pace = self.hands.pace
        seen = self.eyes.look(max(pace.now(), self.unit.clock.now), after, flash)
        speed = next((name for name, speed in SPEEDS.items() if speed == self.hands.speed), f"{self.hands.speed}")
        mine = {"session": self.session, "speed": speed, "rate": pace.speed or 0, "holding": self.hands.is_holding}
        return JSONResponse({**seen, **mine, "said": said}, status)

    async def do(self, request: Request) -> Response:
        asked = await _asked(request)
        try:
            (what, how), = asked.items()  # fmt: skip
            _DEEDS[what](self.hands, how)
        except (KeyError, ValueError):
            raise HTTPException(400, f"one of {', '.join(_DEEDS)}, with what it is about") from None
        except BadInput as error:
            return self._seen(request, str(error), 400)
        except FirmwareError as error:
            return self._seen(request, str(error), 409)
        return self._seen(request)

    async def certificates(self, _request: Request) -> Response:
        run = {"id": "panel", "certificates": self.eyes.certificates(), "is_single": True}
        return _page("held.html", run=run)

    async def pem(self, request: Request) -> Response:
        chain = self.eyes.chain(request.path_params["role"].replace("-", " "))
        if chain is None:
            raise HTTPException(404, "The unit has no such certificate now.")
        name = f"{self.unit.name}-{request.path_params['role']}.pem"
        return Response(
            b"".join(map(reading.pem, chain)), media_type="application/x-pem-file",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip


_ORDERS = (
    ("reboot", "Reboot"),
    ("shutdown", "Shut down"),
    ("default_security", "Default the security settings"),
    ("default_configuration", "Default the configuration"),
)
_DEEDS: Mapping[str, Callable[[Hands, Any], None]] = {
    "step": Hands.do,
    "speed": lambda hands, name: hands.change_speed(str(name)),
    "next": lambda hands, _: hands.step(),
    "hold": lambda hands, button: hands.hold(str(button)),
    "let_go": lambda hands, _: hands.let_go(),
}


def application(panel: Panel) -> ASGIApp:
    rows: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
        ("GET", "/", panel.page),
        ("GET", "/now", panel.now),
        ("POST", "/do", panel.do),
        ("GET", "/certificates", panel.certificates),
        ("GET", "/certificate/{role}.pem", panel.pem),
        ("GET", "/static/{name}", _static),
    )
    app = Starlette(routes=[Route(path, endpoint, methods=[method]) for method, path, endpoint in rows])
    app.router.redirect_slashes = False
    hosts: Collection[str] = HOSTS
    return Guarded(app, lambda: hosts, scheme="http")


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise HTTPException(400, f"{name} is a number")
    return int(text)


async def _asked(request: Request) -> dict[str, Any]:
    """A JSON object. A form of another page cannot send one, and its script would have to ask first."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "application/json is asked for")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise HTTPException(413, f"at most {LONGEST} bytes", {"Connection": "close"})
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "this is no JSON") from None
    if not isinstance(asked, dict):
        raise HTTPException(400, "a JSON object is asked for")
    return asked


def _table(session: str) -> dict[str, Any]:
    """What the script needs to know of lights and buttons."""
    bands = {
        button: [{"since": band.since, "action": band.action or "nothing", "light": band.light and band.light.label}
                 for band in bands]
        for button, bands in BANDS.items()
    }  # fmt: skip
    return {"session": session, "patterns": {light.label: light.steps for light in Light}, "bands": bands}


def _diagram(unit: Appliance) -> dict[str, Any]:
    bring_up = unit.platform.bring_up
    place = states_view.places(bring_up)
    return {
        "width": states_view.WIDTH,
        "height": states_view.ROW * len(place),
        "left": states_view.ARCS,
        "spots": [(state.name, tone(state.name), place[state.name]) for state in bring_up.states],
        "arcs": [(f"{a}>{b}", states_view.arc(place[a], place[b]), place[b])
                 for a, b in sorted(states_view.known_ways(bring_up))],
    }  # fmt: skip


def _page(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(template).render(values))


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        # The certificates are drawn as in a report.
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("firmware.bench.live.panel"),
                                    jinja2.PackageLoader("firmware.bench.html")]),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip


@cache
def _static_files() -> Mapping[str, bytes]:
    folder = files("firmware.bench.live.panel") / "static"
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in TYPES}
    report = files("firmware.bench.html") / "templates" / "style.css"
    return {**found, "report.css": report.read_bytes()}


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    found = _static_files().get(name)
    if found is None:
        raise HTTPException(404)
    return Response(found, media_type=TYPES[name.rpartition(".")[2]])
