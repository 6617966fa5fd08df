"""The registrar against a plain model: a dictionary of contacts per extension, and a clock."""

from __future__ import annotations

from itertools import count

from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware.telephony.settings import Limits
from tests.telephony.phones import DOMAIN, NOW, USERS, answer_to, service, settings
from tests.telephony.raw import Line, message

EXTENSIONS = ("201", "202", "203")
CONTACTS = tuple(f"sip:{name}@192.0.2.{number}" for number, name in enumerate(("desk", "soft", "door", "fax")))
SHORTEST, LONGEST, MOST = 60, 600, 3

extensions, lines = st.sampled_from(EXTENSIONS), st.integers(0, 2)
times = st.sampled_from([0, 1, 59, 60, 61, 300, 600, 601, 10**12, None])
wanted = st.lists(st.tuples(st.sampled_from(CONTACTS), times), min_size=1, max_size=4, unique_by=lambda pair: pair[0])


class RegistrarModel(RuleBasedStateMachine):
    """``bindings``: extension -> contact -> (end in ms, connection, CSeq)."""

    def __init__(self) -> None:
        super().__init__()
        chosen = settings(shortest=SHORTEST, usual=300, longest=LONGEST, limits=Limits(contacts=MOST))
        self.service = service(chosen)
        self.now = NOW
        self.numbers = count(1)
        self.lines = [self.line() for _ in range(3)]
        self.cseq = count(1)
        self.bindings: dict[str, dict[str, tuple[int, int, int]]] = {extension: {} for extension in EXTENSIONS}

    def line(self) -> Line:
        return Line(self.service, number=next(self.numbers))

    def ask(self, line: Line, user: str, cseq: int, headers: dict[str, str | list[str] | None]) -> int:
        """The status of an authenticated REGISTER; what it lists is compared with what is bound."""
        line.now = self.now
        own: dict[str, str | list[str] | None] = {"To": f"<sip:{user}@{DOMAIN}>", "CSeq": f"{cseq} REGISTER", **headers}
        challenge = line.ask(message("REGISTER", f"sip:{DOMAIN}", **own)).headers.getlist("WWW-Authenticate")[cseq % 2]
        own["Authorization"] = answer_to(challenge, "REGISTER", f"sip:{DOMAIN}", user, USERS[user])
        answer = line.ask(message("REGISTER", f"sip:{DOMAIN}", **own))
        if answer.code == 200:
            shown = {str(one.uri): int(str(one.parameters["expires"])) for one in answer.contact}
            held = self.service.registrations
            assert shown == {one.contact: -((self.now - one.expires) // 1000) for one in held if one.extension == user}
        return answer.code

    @rule(extension=extensions, line=lines, contacts=wanted, header=times)
    def register(self, extension: str, line: int, contacts: list[tuple[str, int | None]], header: int | None) -> None:
        asked = {
            contact: 300 if time is None and header is None else header if time is None else time
            for contact, time in contacts
        }
        cseq = next(self.cseq)
        headers: dict[str, str | list[str] | None] = {"Expires": None if header is None else str(header)}
        headers["Contact"] = [f"<{one}>" + ("" if time is None else f";expires={time}") for one, time in contacts]
        status = self.ask(self.lines[line], extension, cseq, headers)
        after = dict(self.bindings[extension])
        for contact, seconds in asked.items():
            assert seconds is not None
            after.pop(contact, None)
            if seconds:
                end = self.now + min(seconds, LONGEST) * 1000
                after[contact] = (end, self.lines[line].flow.id, cseq)
        if any(time is not None and 0 < time < SHORTEST for time in asked.values()):
            assert status == 423
        elif len(after) > MOST:
            assert status == 403
        else:
            assert status == 200
            self.bindings[extension] = after

    @rule(extension=extensions, line=lines)
    def unregister_all(self, extension: str, line: int) -> None:
        assert self.ask(self.lines[line], extension, next(self.cseq), {"Contact": "*", "Expires": "0"}) == 200
        self.bindings[extension] = {}

    @rule(extension=extensions, line=lines)
    def look(self, extension: str, line: int) -> None:
        assert self.ask(self.lines[line], extension, next(self.cseq), {}) == 200

    @precondition(lambda self: any(self.bindings.values()))
    @rule(line=lines, data=st.data())
    def say_something_old(self, line: int, data: st.DataObject) -> None:
        """The CSeq of a binding's own registration, or an older one, changes nothing."""
        extension = data.draw(st.sampled_from([one for one in EXTENSIONS if self.bindings[one]]))
        contact, (_, _, cseq) = data.draw(st.sampled_from(sorted(self.bindings[extension].items())))
        old = data.draw(st.integers(max(0, cseq - 3), cseq))
        assert self.ask(self.lines[line], extension, old, {"Contact": f"<{contact}>;expires=0"}) == 500

    @rule(line=lines)
    def lose_a_connection(self, line: int) -> None:
        gone = self.lines[line]
        self.service.closed(gone.flow, self.now)
        self.lines[line] = self.line()
        for bound in self.bindings.values():
            for contact in [one for one, (_, flow, _) in bound.items() if flow == gone.flow.id]:
                del bound[contact]

    @rule(seconds=st.sampled_from([1, 30, 60, 299, 300, 601]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1000
        self.service.tick(self.now)
        for bound in self.bindings.values():
            for contact in [one for one, (end, _, _) in bound.items() if end <= self.now]:
                del bound[contact]

    @rule(extension=extensions)
    def guess(self, extension: str) -> None:
        line = self.line()
        line.now = self.now
        assert line.register(extension, "a guess", Contact="*", Expires="0").code == 401

    @invariant()
    def the_same_is_bound(self) -> None:
        ours = {
            (extension, contact, end, flow)
            for extension, bound in self.bindings.items()
            for contact, (end, flow, _) in bound.items()
        }
        assert {(one.extension, one.contact, one.expires, one.flow) for one in self.service.registrations} == ours

    @invariant()
    def the_next_end_is_known(self) -> None:
        ends = [end for bound in self.bindings.values() for end, _, _ in bound.values()]
        assert self.service.due() == (min(ends) if ends else None)

    @invariant()
    def the_events_add_up(self) -> None:
        kinds = [event.kind for event in self.service.events]
        bound = kinds.count("registered") - kinds.count("unregistered") - kinds.count("expired")
        assert bound == len(self.service.registrations)


TestRegistrarModel = RegistrarModel.TestCase
TestRegistrarModel.settings = how(max_examples=40, stateful_step_count=30, deadline=None)
