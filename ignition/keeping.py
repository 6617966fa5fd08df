"""What is kept of a page: its checked values judged together, passwords as hashes, an imported CA as a CA.

Each function returns (what is kept, what is wrong by field); with anything wrong, nothing is kept.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING

from firmware.security import authority
from firmware.security.authority import Authority
from firmware.security.importing import NotAccepted, read_authority
from firmware.security.reading import dates
from firmware.times import show_time
from ignition import checks, passwords, zones
from ignition.answers import Values
from ignition.checks import YES

if TYPE_CHECKING:
    from ignition.pages import Server

Kept = tuple[dict[str, str], dict[str, str]]

ACCOUNTS = ("root", "administrator", "system")
LARGEST_AUTHORITY = 32 * 1024  # the disk holds several copies of it while Apply works


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
            found = read_authority(_decoded(values["ca_file"]), values["ca_password"], server.clock)
        elif "authority" in before:
            found = imported(before)
        else:
            raise NotAccepted("choose the file of the CA")
    except NotAccepted as error:
        text = str(error)
        where = "ca_password" if "password" in text else "ca_file"
        return {}, {where: text[:1].upper() + text[1:] + "."}
    data = found.to_bytes()
    if len(data) > LARGEST_AUTHORITY:
        return {}, {"ca_file": f"The CA and its chain take {len(data)} bytes; {LARGEST_AUTHORITY} is the most."}
    return {"ca": "import", "authority": base64.b64encode(data).decode()}, {}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NotAccepted("the file did not arrive whole: choose it again") from None


def out_of_date(kept: Values, clock: int | None) -> str | None:
    """What is wrong with an imported CA by now: the clock may have been answered otherwise since."""
    for der in imported(kept).chain if "authority" in kept else ():
        not_before, not_after = dates(der)
        if clock is not None and not not_before <= clock <= not_after:
            until = f"from {show_time(not_before)} to {show_time(not_after)}"
            return f"The imported CA is valid {until}, and the clock is set to {show_time(clock)}."
    return None


def imported(kept: Values) -> Authority:
    """The CA that the Security page has kept."""
    return authority.from_bytes(base64.b64decode(kept["authority"]))
