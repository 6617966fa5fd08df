"""The pages themselves, one method each.

Every request is answered at once and in full; what takes time goes on in the unit, and ``/apply`` tells how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from firmware.appliance import Appliance
from firmware.credentials import expiry
from firmware.errors import NotNow
from firmware.platform import operate
from firmware.security import reading
from firmware.security.authority import Authority
from ignition import pages, sessions, web_pages, web_platform, wizard
from ignition.answers import REVIEW, Values
from ignition.pages import BY_NAME, LOGIN, Kind
from ignition.sessions import Desk
from ignition.web_guard import Visitors, cookie_of, drop_cookie, read_form, set_cookie

T = TypeVar("T")
LONG = {"Cache-Control": "public, max-age=31536000, immutable"}
# Where somebody belongs, by the state of the unit; everywhere else it says how far the server is.
_PLACES = ((wizard.GROUP, "/ignition/{frontier}"), ("running", "/platform"), ("certificate.", "/platform"))
_APPLY = "/apply"
_LOG_IN_STATES = (wizard.GROUP, "running", "certificate.", "apply.failed")


class Act(Protocol):
    """Does something to the unit at the right simulated time, and gives back what came of it.

    It is told what to do as a ``partial``: whoever records a session reads it off."""

    def __call__(self, action: Callable[[], T], /) -> T: ...


@dataclass(frozen=True)
class Site:
    """What the pages work on. Its methods are the pages: one each, in the order in which a person meets them."""

    unit: Appliance
    act: Act
    visitors: Visitors

    # What the pages share

    def place(self) -> str:
        """Where a person belongs now."""
        found = next((path for start, path in _PLACES if self.unit.state.startswith(start)), _APPLY)
        return found.format(frontier=pages.frontier(wizard.server(self.unit)).name) if "{" in found else found

    def user(self, request: Request) -> str:
        """Who is logged in, without counting as a sign of life; empty: nobody."""
        desk, cookie = self.unit.ram.wizard, cookie_of(request)
        known = desk.sessions if isinstance(desk, Desk) else ()
        return next((session.user for session in known if session.token == cookie), "")

    def enter(self, request: Request) -> str:
        """The session of a request. LogInFirst or NotNow when there is none."""
        if not isinstance(self.unit.ram.wizard, Desk):
            raise NotNow("the server is not up")
        return self.act(partial(sessions.session_of, self.unit, cookie_of(request))).token

    async def form(self, request: Request, names: Collection[str], files: Collection[str] = ()) -> dict[str, str]:
        """The fields of a form that somebody with a session has sent."""
        self.enter(request)
        values = await read_form(request, files)
        self.visitors.require(cookie_of(request), values.pop("csrf", ""))
        if strange := sorted(set(values) - set(names) - {"tag"}):
            raise HTTPException(400, f"This form has no field {strange[0][:40]!r}.")
        return values

    def render(self, request: Request, template: str, code: int = 200, **more: Any) -> HTMLResponse:
        unit = self.unit
        shared = {
            "unit_title": unit.platform.title,
            "release": unit.ram.release.version if unit.ram.release else "unknown",
            "user": self.user(request),
            "csrf": self.visitors.form_token(cookie_of(request)),
        }
        return HTMLResponse(web_pages.templates().get_template(template).render(**{**shared, **more}), code)

    # Where to begin, and who

    async def index(self, _request: Request) -> Response:
        return see_other(self.place())

    async def login(self, request: Request) -> Response:
        if not self.unit.state.startswith(_LOG_IN_STATES):
            return see_other(_APPLY)
        return see_other(self.place()) if self.user(request) else self.show_login(request)

    def show_login(self, request: Request, status: int = 200, notice: str = "", wrong: str = "") -> Response:
        """The log-in page; whoever has no cookie yet is given one for it."""
        cookie = self.visitors.admit(cookie_of(request))
        page = BY_NAME[LOGIN]
        lead, hint = (page.lead, "") if wizard.is_open(self.unit) else ("This server is set up.", "As set by ignition.")
        typed = {"user": getattr(request.state, "user", "")}
        fields = web_pages.fields(page.fields, wizard.server(self.unit), typed, {"password": wrong} if wrong else {})
        fields = [replace(field, hint=hint) if hint and field.name == "password" else field for field in fields]
        response = self.render(
            request, "login.html", status, lead=lead, fields=fields, csrf=self.visitors.form_token(cookie),
            notice=notice, wrong=wrong or notice,
        )  # fmt: skip
        set_cookie(response, cookie)
        return response

    async def log_in(self, request: Request) -> Response:
        values = await read_form(request)
        self.visitors.require(cookie_of(request), values.pop("csrf", ""))
        if strange := sorted(set(values) - {field.name for field in BY_NAME[LOGIN].fields}):
            raise HTTPException(400, f"This form has no field {strange[0][:40]!r}.")
        if not self.unit.state.startswith(_LOG_IN_STATES):
            raise NotNow("nobody can log in now")
        user, password = values.get("user", "").strip(), values.get("password", "")
        request.state.user = user
        token = self.visitors.new_session()
        begin = wizard.log_in if wizard.is_open(self.unit) else sessions.log_in
        self.act(partial(begin, self.unit, user, password, token))
        self.visitors.logged_in(cookie_of(request), token)
        response = see_other(_APPLY if self.unit.state.startswith("apply.") else self.place())
        set_cookie(response, token)
        return response

    async def log_out(self, request: Request) -> Response:
        await self.form(request, ())
        token = cookie_of(request) or ""
        self.act(partial(sessions.log_out, self.unit, token))
        self.visitors.forget(token)
        response = see_other("/login")
        drop_cookie(response)
        return response

    # The wizard

    async def page(self, request: Request) -> Response:
        name, token = known_page(request), self.enter(request)
        return self.show_page(request, self.act(partial(wizard.open_page, self.unit, token, name)))

    def show_page(self, request: Request, shown: wizard.Shown, status: int = 200, notice: str = "") -> Response:
        steps = web_pages.steps(shown)
        shared = {
            "page": shown.page, "steps": steps, "place": shown.pages.index(shown.page) + 1, "notice": notice,
            "back": web_pages.before(shown), "wrong": bool(shown.errors or notice),
        }  # fmt: skip
        if shown.page.name == REVIEW:
            return self._show_review(request, shown, status, shared)
        fields = web_pages.fields(shown.page.shown_fields(shown.server), shown.server, shown.values, shown.errors)
        kept = web_pages.kept_note(shown)
        return self.render(request, "page.html", status, fields=fields, kept=kept, tag=shown.tag, **shared)

    def _show_review(self, request: Request, shown: wizard.Shown, status: int, shared: dict[str, Any]) -> Response:
        made = web_pages.planned(self.unit, shown.server.answers)
        return self.render(
            request, "review.html", status, sections=web_pages.review(shown), tag=shown.tag,
            authority=web_pages.certificate(made.root) if made else None,
            imported=made is not None and made.is_imported, **shared,
        )  # fmt: skip

    async def send_page(self, request: Request) -> Response:
        name = known_page(request)
        rows = BY_NAME[name].fields
        files = [field.name for field in rows if field.kind is Kind.FILE]
        values = await self.form(request, [field.name for field in rows], files)
        token, tag = cookie_of(request), values.pop("tag", "")
        shown = self.act(partial(wizard.submit, self.unit, token, name, values, tag))
        if shown.errors:
            return self.show_page(request, shown, 422)
        return see_other(f"/ignition/{shown.page.name}" if wizard.is_open(self.unit) else _APPLY)

    # Apply

    async def apply(self, request: Request) -> Response:
        found = web_pages.progress(self.unit)
        if found["phase"] == "asking":
            return see_other(self.place())
        heading = {"applying": "Applying the settings", "done": "This server is set up", "failed": "Apply has stopped"}
        return self.render(
            request, "apply.html", heading=heading.get(found["phase"], "Please wait"),
            alarms=self.unit.ram.alarms if found["phase"] == "failed" and self.user(request) else (),
            has_authority=self.unit.ram.authority is not None, **found,
        )  # fmt: skip

    async def progress(self, _request: Request) -> Response:
        return JSONResponse(web_pages.progress(self.unit))

    async def apply_again(self, request: Request) -> Response:
        await self.form(request, ())
        if self.unit.state != "apply.failed":
            raise NotNow("nothing has failed")
        self.act(partial(wizard.apply, self.unit, cookie_of(request)))
        return see_other(_APPLY)

    # The server that is set up

    async def platform(self, request: Request) -> Response:
        self.enter(request)
        return self.show_platform(request)

    def show_platform(
        self, request: Request, status: int = 200, notice: str = "",
        sent: web_platform.Form | None = None, values: Values | None = None, errors: Values | None = None,
    ) -> Response:  # fmt: skip
        unit = self.unit
        if not unit.state.startswith(("running", "certificate.")):
            raise NotNow("the server is not in operation")
        identity, root = unit.ram.identity, unit.ram.authority
        return self.render(
            request, "platform.html", status, unit_name=unit.ram.host_name or unit.platform.title, notice=notice,
            wrong=bool(errors or notice), busy=unit.state != "running",
            about=unit.platform.bring_up.by_name[unit.state].about, status=web_platform.status(unit),
            identity=web_pages.certificate(identity.der) if identity else None,
            objections=unit.platform.objections(unit) if identity else (), warnings=expiry.warnings(unit),
            authority=web_pages.certificate(root.root) if root else None, tag=web_platform.tag(unit),
            forms_shown=web_platform.views(unit, sent, values or {}, errors or {}),
        )  # fmt: skip

    async def change(self, request: Request) -> Response:
        form = web_platform.find(self.unit, request.path_params["form"])
        if form is None:
            raise HTTPException(404)
        values = await self.form(request, [field.name for field in form.page.fields])
        if self.unit.state != "running":
            raise NotNow("the server is not in operation")
        if values.pop("tag", "") != web_platform.tag(self.unit):
            raise wizard.Conflict("Something was changed meanwhile. Look at what there is now and send it again.")
        kept, errors = web_platform.check(self.unit, form, values)
        if errors:
            return self.show_platform(request, 422, sent=form, values=values, errors=errors)
        self.act(partial(operate, self.unit, form.operation, **form.arguments(kept)))
        return see_other("/platform")

    # Certificates

    def _authority(self, request: Request) -> Authority:
        """The CA: before and in ignition for those who are logged in, after it for all."""
        if not self.unit.state.startswith((wizard.GROUP, "apply.")):
            found = self.unit.ram.authority
        else:
            self.enter(request)
            found = web_pages.planned(self.unit, wizard.server(self.unit).answers)
        if found is None:
            raise HTTPException(404, "This server has no CA, or none yet.")
        return found

    async def ca_pem(self, request: Request) -> Response:
        return download("ca.pem", reading.pem(self._authority(request).root))

    async def ca_der(self, request: Request) -> Response:
        return download("ca.der", self._authority(request).root)

    async def identity_pem(self, _request: Request) -> Response:
        if self.unit.ram.identity is None or self.unit.state.startswith("apply."):
            raise HTTPException(404, "This server has no identity certificate yet.")
        return download("identity.pem", self.unit.ram.identity.pem())


def known_page(request: Request) -> str:
    """The name in the address, when it is that of a page; 404 when no server has such a page."""
    name = str(request.path_params["page"])
    if BY_NAME.get(name) not in pages.STEPS:
        raise HTTPException(404)
    return name


def see_other(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


def download(name: str, data: bytes) -> Response:
    kind = "application/x-pem-file" if name.endswith(".pem") else "application/pkix-cert"
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def static(request: Request) -> Response:
    found = web_pages.static_files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found, media_type=web_pages.STATIC_TYPES[request.path_params["name"]], headers=LONG)
