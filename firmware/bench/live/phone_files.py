"""The files that phones load from a unit, over HTTP and HTTPS: an ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from firmware.appliance import Appliance
from firmware.boot.running import RUNNING
from firmware.credentials import provisioning


def application(unit: Appliance, lan: int) -> Starlette:
    """What a unit serves on a LAN. A unit that is not running serves nothing."""

    def serve(request: Request) -> Response:
        files = provisioning.files(unit, lan) if unit.state == RUNNING else {}
        make = files.get(request.path_params["name"])
        if make is None:
            return PlainTextResponse("no such file\n", 404)
        is_pem = request.path_params["name"].endswith(".pem")
        return Response(make(), media_type="application/x-pem-file" if is_pem else "text/plain")

    async def respond(request: Request) -> Response:
        return serve(request)

    return Starlette(routes=[Route("/{name:path}", respond, methods=["GET", "HEAD"])])
