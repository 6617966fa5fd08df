"""What is done to a unit that is live, as the step of a scenario that does the same."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from firmware.bench.steps.table import STEPS
from firmware.bench.world import Asking
from firmware.platform import operate
from firmware.times import MINUTE, show_duration, show_time
from ignition import sessions, wizard
from ignition.pages import BY_NAME, Kind


@dataclass(frozen=True)
class Deed:
    """``row``: the step; None: there is none that does this, and ``lacks`` says what was done.

    ``files``: those that were sent, by the name that the step gives them, with their digests; what is in them is not
    kept: it may be a key."""

    row: dict[str, Any] | None
    lacks: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def describe(action: Callable[[], None], browsers: dict[str, str]) -> Deed | None:
    """What is done; None: something that leaves no trace. ``browsers``: the names of those met so far, by session."""
    asked = action.action if isinstance(action, Asking) else action
    if not isinstance(asked, partial):
        return Deed(None, lacks="something that no step of a scenario does")
    if asked.func is sessions.session_of:
        return None
    if asked.func is operate:
        _, operation = asked.args
        return _of_operation(operation, asked.keywords)
    if asked.func in _REQUESTS:
        return _REQUESTS[asked.func](
            lambda token: browsers.setdefault(token, f"browser{len(browsers) + 1}"), *asked.args[1:]
        )
    return Deed(None, lacks=f"{getattr(asked.func, '__name__', 'something')}, which no step of a scenario does")


def _of_operation(operation: str, arguments: Mapping[str, Any]) -> Deed:
    step = next((step for step in STEPS.values() if operation in (step.does, step.name)), None)
    told = {name: value for name, value in arguments.items() if value is not None}
    fields = _FIELDS[operation](arguments) if operation in _FIELDS else told
    plain = all(isinstance(value, str | bool | int) for value in fields.values())
    if step is None or not plain or not set(fields) <= set(step.field_names()):
        return Deed(None, lacks=f"the operation {operation}, which no step of a scenario does")
    return Deed({step.name: {**fields, "at_once": True}})


def _minutes(ms: int) -> str:
    return f"{ms // MINUTE // 60:02}:{ms // MINUTE % 60:02}"


def _if_given(name: str, show: Callable[[int], str], value: int | None) -> dict[str, Any]:
    return {} if value is None else {name: show(value)}


# The operations that are called with something else than what the fields of their steps hold.
_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "set_address": lambda told: {f"lan{told['lan'] + 1}": told["interface"] or "dhcp"},
    "press": lambda told: {"button": told["button"], "hold": show_duration(told["held"])},
    "shutdown": lambda told: _if_given("for", show_duration, told.get("off_for")),
    "reboot": lambda told: _if_given("at", _minutes, told.get("at")),
    "set_clock": lambda told: {"to": show_time(told["reading"])},
    "change_at_phone": lambda told: {"extension": told["extension"], "name": told["name"]},
}


Who = Callable[[str], str]  # from the token of a session to the browser's name


def _request(browser: str, **what: Any) -> Deed:
    return Deed({"request": {"browser": browser, **what, "at_once": True}})


def _log_in(who: Who, user: str, password: str, token: str) -> Deed:
    return _request(who(token), log_in=user, password=password)


def _send(who: Who, token: str, page: str, values: Mapping[str, str], tag: str | None = None) -> Deed:
    is_file = {known.name for known in BY_NAME[page].fields if known.kind is Kind.FILE}
    sent = {name: base64.b64decode(text) for name, text in values.items() if name in is_file and text}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sent.items()}
    names = {name: f"sent-{text[:16]}.bin" for name, text in digests.items()}
    typed = {name: text for name, text in values.items() if name not in sent}
    more = {"files": names} if names else {}
    tagged = {} if tag is None else {"tag": tag}
    row = _request(who(token), send=page, values=typed, **more, **tagged).row
    return Deed(row, files={names[name]: text for name, text in digests.items()})


_REQUESTS: Mapping[Callable[..., Any], Callable[..., Deed]] = {
    wizard.log_in: _log_in,
    sessions.log_in: _log_in,
    sessions.log_out: lambda who, token: _request(who(token), log_out=True),
    wizard.open_page: lambda who, token, page: _request(who(token), open=page),
    wizard.submit: _send,
    wizard.apply: lambda who, token: _request(who(token), apply=True),
}
