"""What a browser is answered when something cannot be done: a row each, all pages in the design of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from firmware.errors import BadInput, NotNow, StorageError
from ignition import pages, wizard
from ignition.sessions import Blocked, LogInFirst, WrongPassword
from ignition.web_guard import cookie_of
from ignition.web_site import Site, see_other
from ignition.wizard import Conflict, NotYet

_LOOKING = ("GET", "HEAD")
Handler = Callable[[Site, Request, Exception], Response]

_TEXTS = {
    400: "The request cannot be understood, so nothing was changed.",
    404: "There is no such page on this server.",
    405: "This address does not take such a request. Nothing was changed.",
    500: "A fault of the simulator. Nothing more is known here; its console says what happened.",
}


def _error_page(
    site: Site, request: Request, status: int, said: str, headers: Mapping[str, str] | None = None
) -> Response:
    link = ("/login", "Log in") if status == HTTPStatus.UNAUTHORIZED else ("/", "Go on")
    response = site.render(
        request, "error.html", status, heading=HTTPStatus(status).phrase, said=said, href=link[0], link=link[1]
    )
    response.headers.update(headers or {})
    return response


def _to_its_page(site: Site, request: Request, error: Exception) -> Response:
    """Who looks is led to the page that comes first; who has sent something is told why it was not taken."""
    assert isinstance(error, NotYet)
    if request.method in _LOOKING:
        return see_other(f"/ignition/{error.page}")
    text = str(error)
    page = error.page
    shown = site.act(lambda: wizard.open_page(site.unit, cookie_of(request), page))
    return site.show_page(request, shown, 409, f"{text[:1].upper()}{text[1:]}.")


def _to_log_in(site: Site, request: Request, error: Exception) -> Response:
    """Who looks at something is sent to log in; what somebody sends without a session is refused."""
    if request.method in _LOOKING:
        return see_other("/login")
    return _error_page(site, request, 401, f"{error} Nothing was changed.")


def _to_their_place(site: Site, _request: Request, _error: Exception) -> Response:
    return see_other(site.place())


def _wrong_password(site: Site, request: Request, error: Exception) -> Response:
    return site.show_login(request, 401, wrong=str(error))


def _blocked(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, Blocked)
    response = site.show_login(request, 429, notice=str(error))
    response.headers["Retry-After"] = str(-(-error.left // 1000))
    return response


def _conflict(site: Site, request: Request, error: Exception) -> Response:
    """The page as it is now."""
    if "form" in request.path_params:
        return site.show_platform(request, 409, str(error))
    page = pages.BY_NAME[request.path_params["page"]]
    return site.show_page(request, wizard.shown(site.unit, page), 409, str(error))


def _said_by_itself(status: int, site: Site, request: Request, error: Exception) -> Response:
    text = str(error)
    return _error_page(site, request, status, f"{text[:1].upper()}{text[1:]}. Nothing was changed.")


def _http(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    own = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    said = own or _TEXTS.get(error.status_code, "The request was refused. Nothing was changed.")
    return _error_page(site, request, error.status_code, said, error.headers)


def _fault(site: Site, request: Request, _error: Exception) -> Response:
    return _error_page(site, request, 500, _TEXTS[500])


# error -> answer                 GET                    POST
HANDLERS: Mapping[type[Exception], Handler] = {
    NotYet: _to_its_page,  #      303 to its page        409, that page with the reason
    LogInFirst: _to_log_in,  #    303 to /login          401
    NotNow: _to_their_place,  #   303 to where the person belongs
    Conflict: _conflict,  #                              409, the page as it is now
    WrongPassword: _wrong_password,  #                   401, the error at the field
    Blocked: _blocked,  #                                429 with Retry-After
    BadInput: partial(_said_by_itself, 400),
    StorageError: partial(_said_by_itself, 503),
    HTTPException: _http,  #      400, 403, 404, 405, 413, 415
    Exception: _fault,  #         500, no more said
}
