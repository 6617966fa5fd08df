"""What is kept of a page: its checked values judged together, passwords as hashes, an imported CA as a CA.

Each function returns (what is kept, what is wrong by field); with anything wrong, nothing is kept.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from firmware.security import authority
from firmware.security.authority import Authority
from firmware.security.importing import NotAccepted, read_authority
from ignition import checks, passwords, zones
from ignition.answers import Values
from ignition.checks import YES

if TYPE_CHECKING:
    from ignition.pages import Server

Kept = tuple[dict[str, str], dict[str, str]]

ACCOUNTS = ("root", "administrator", "system")


def licence(values: Values, _server: Server) -> Kept:
    if values["accepted"] != YES:
        return {}, {"accepted": "The licence terms must be accepted to go on."}
    return dict(values), {}


def server_type(values: Values, server: Server) -> Kept:
    """A release may be older than a kind of server."""
    role = next(platform for platform in server.kin if platform.name == values["server_type"])
    if server.release not in role.releases():
        return {}, {"server_type": f"Release {server.release} cannot be a {role.title}: choose another kind."}
    return dict(values), {}


def network(values: Values, _server: Server) -> Kept:
    if values["mode"] == "static":
        errors = checks.together(values["address"], values["mask"], values["gateway"])
        if errors:
            return {}, errors
    return dict(values), {}


def time(values: Values, _server: Server) -> Kept:
    if values.get("date_time"):
        try:
            zones.to_ms(datetime.fromisoformat(values["date_time"]), values["time_zone"])
        except ValueError as error:
            return {}, {"date_time": str(error)}
    return dict(values), {}


def passwords_page(values: Values, server: Server) -> Kept:
    """Salted hashes. All fields empty on a page that was answered before: the passwords stay as they were set."""
    before = server.answers.of("passwords")
    if before and not any(values.values()):
        return before, {}
    kept, errors = {}, {}
    for account in ACCOUNTS:
        try:
            kept[account] = passwords.hash_of(passwords.check(values[account]), server.chance, account)
        except ValueError as error:
            errors[account] = str(error)
    return ({}, errors) if errors else (kept, {})


def security(values: Values, server: Server) -> Kept:
    """The imported CA itself is kept, not its file: what is opened once needs no password again."""
    if values["ca"] != "import":
        return {"ca": values["ca"]}, {}
    before = server.answers.of("security") or {}
    try:
        if values["ca_file"]:
            found = read_authority(base64.b64decode(values["ca_file"]), values["ca_password"], server.clock)
        elif "authority" in before:
            found = imported(before)
        else:
            raise NotAccepted("choose the file of the CA")
    except NotAccepted as error:
        text = str(error)
        where = "ca_password" if "password" in text else "ca_file"
        return {}, {where: text[:1].upper() + text[1:] + "."}
    return {"ca": "import", "authority": base64.b64encode(found.to_bytes()).decode()}, {}


def imported(kept: Values) -> Authority:
    """The CA that the Security page has kept."""
    return authority.from_bytes(base64.b64decode(kept["authority"]))
