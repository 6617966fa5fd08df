"""What stands before the pages: who may ask and from where, how a form is read, and the headers of every answer."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import AsyncGenerator, Callable, Collection
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ignition import sessions

COOKIE = "__Host-ipsim"
MOST_VISITORS = 100  # people at the log-in page at once; the oldest has to open it again
MOST_FIELDS = 40
SMALL, WITH_UPLOAD = 64 * 1024, 256 * 1024
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under it a browser sends "Origin: null" with its own forms, just as a stranger's might.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",  # without TLS a browser takes no notice of it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")


class Guarded:
    """An application that only those reach who name it by a name of its own; its answers bear the headers above."""

    def __init__(self, app: ASGIApp, hosts: Callable[[], Collection[str]], scheme: str = "https") -> None:
        self._app = app
        self._hosts = hosts
        self._scheme = scheme

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        if len(named) != 1 or not self._is_ours(named[0]):
            return PlainTextResponse("This server does not answer under that name.\n", 400)
        origins = headers.getlist("origin")
        if any(origin.lower() != f"{self._scheme}://{named[0].lower()}" for origin in origins):
            return PlainTextResponse("A page of another server cannot ask for this.\n", 403)
        return None

    def _is_ours(self, named: str) -> bool:
        found = _HOST.fullmatch(named.lower())
        return found is not None and found[1].rstrip(".") in self._hosts()


class Visitors:
    """The form tokens: one for each browser that is logged in, and for each of the last that opened the log-in page."""

    def __init__(self, tokens: Callable[[], str]) -> None:
        self._tokens = tokens
        self._anonymous: dict[str, str] = {}
        self._logged_in: dict[str, str] = {}

    def admit(self, cookie: str | None) -> str:
        """The cookie of somebody at the log-in page: the one they have, else a new one."""
        if cookie in self._anonymous:
            return cookie
        new = self._tokens()
        _add(self._anonymous, new, self._tokens(), MOST_VISITORS)
        return new

    def new_session(self) -> str:
        return self._tokens()

    def logged_in(self, cookie: str | None, session: str) -> None:
        """Cookie and form token change at log-in: what somebody planted before is worth nothing after it."""
        self._anonymous.pop(cookie or "", None)
        self._logged_in.pop(cookie or "", None)
        _add(self._logged_in, session, self._tokens(), sessions.MOST)

    def forget(self, cookie: str) -> None:
        self._logged_in.pop(cookie, None)

    def form_token(self, cookie: str | None) -> str:
        """What a form must bring along; empty for a stranger, whose forms are never taken."""
        return self._logged_in.get(cookie or "") or self._anonymous.get(cookie or "", "")

    def require(self, cookie: str | None, given: str) -> None:
        expected = self.form_token(cookie)
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            raise HTTPException(403, "This form is out of date. Open the page again and send it from there.")


def _add(known: dict[str, str], cookie: str, token: str, most: int) -> None:
    known[cookie] = token
    while len(known) > most:
        del known[next(iter(known))]


def cookie_of(request: Request) -> str | None:
    return request.cookies.get(COOKIE)


def set_cookie(response: Response, value: str) -> None:
    response.set_cookie(COOKIE, value, path="/", secure=True, httponly=True, samesite="strict")


def drop_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


async def read_form(request: Request, files: Collection[str] = ()) -> dict[str, str]:
    """A form's fields; of the fields named in ``files`` the content in base64. HTTPException for anything unusual."""
    if request.url.query:
        raise HTTPException(400, "A form is sent without a query.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != URLENCODED and not (kind == MULTIPART and files):
        raise HTTPException(415, "A form is sent in another way.")
    body = await _body(request, WITH_UPLOAD if files else SMALL)
    pairs = await _parts(request, body, files) if kind == MULTIPART else _pairs(body)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise HTTPException(400, "A field was given twice.")
    if kind != MULTIPART and any(values.get(name) for name in files):
        raise HTTPException(400, "A file is sent in another way.")
    return values


async def _body(request: Request, limit: int) -> bytes:
    """The body, or 413 as soon as it is known to be too long."""
    too_long = HTTPException(413, f"A form has at most {limit // 1024} KiB here.", {"Connection": "close"})
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or not declared.isascii():
        raise HTTPException(400, "The length of the form cannot be read.")
    if len(declared) > 18 or int(declared) > limit:
        raise too_long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_long
    except ClientDisconnect:
        raise HTTPException(400, "The form was cut short.") from None
    return bytes(body)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), encoding="utf-8", errors="strict",
            max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None


async def _parts(request: Request, body: bytes, files: Collection[str]) -> list[tuple[str, str]]:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, once(), max_files=len(files), max_fields=MOST_FIELDS, max_part_size=SMALL)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError, KeyError):
        raise HTTPException(400, "The form cannot be read.") from None
    try:
        return [(name, await _text(value, name in files)) for name, value in form.multi_items()]
    finally:
        await form.close()


async def _text(value: UploadFile | str, is_file: bool) -> str:
    if isinstance(value, UploadFile) != is_file:
        raise HTTPException(400, "A file and a text were mistaken for each other.")
    return base64.b64encode(await value.read()).decode() if isinstance(value, UploadFile) else value
