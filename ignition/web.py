"""The wizard and the platform page for a browser: an ASGI application over the engine. It opens no socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from firmware.appliance import Appliance
from firmware.security import reading
from ignition.web_errors import HANDLERS, Handler
from ignition.web_guard import Guarded, Visitors
from ignition.web_site import Act, Site, static


def application(unit: Appliance, act: Act, tokens: Callable[[], str], hosts: Collection[str]) -> ASGIApp:
    """The pages of one unit.

    ``act`` does something to the unit at the right simulated time; ``tokens`` draws names that nobody can guess;
    ``hosts`` are names of the server beside the unit's own (a port makes no difference).
    """
    site = Site(unit, act, Visitors(tokens))
    app = Starlette(
        routes=routes(site),
        exception_handlers={error: _bound(handler, site) for error, handler in HANDLERS.items()},
    )
    app.router.redirect_slashes = False
    return Guarded(app, lambda: {*hosts, *names(unit)})


def routes(site: Site) -> list[Route]:
    rows: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
        ("GET", "/", site.index),
        ("GET", "/login", site.login),
        ("POST", "/login", site.log_in),
        ("POST", "/logout", site.log_out),
        ("GET", "/ignition/{page}", site.page),
        ("POST", "/ignition/{page}", site.send_page),
        ("GET", "/apply", site.apply),
        ("POST", "/apply", site.apply_again),
        ("GET", "/apply/progress", site.progress),
        ("GET", "/platform", site.platform),
        ("POST", "/platform/{form}", site.change),
        ("GET", "/ca.pem", site.ca_pem),
        ("GET", "/ca.der", site.ca_der),
        ("GET", "/identity.pem", site.identity_pem),
        ("GET", "/static/{name}", static),
    )
    return [Route(path, endpoint, methods=[method]) for method, path, endpoint in rows]


def _bound(handler: Handler, site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return partial(handler, site)(request, error)

    return handle


def names(unit: Appliance) -> set[str]:
    """What the unit itself is called: by its certificate, its host name, its addresses."""
    found = (
        {unit.ram.host_name.lower(), *reading.alternative_names(unit.ram.identity.der)} if unit.ram.identity else set()
    )
    lans = unit.ram.configuration.lans if unit.ram.configuration else ()
    return {name.lower() for name in (*found, *(lan.address for lan in lans)) if name}
