"""RFC 3261, 10.3, step by step; RFC 3665, 2; RFC 8760."""

from __future__ import annotations

import pytest

from firmware.telephony.flows import Flow
from firmware.telephony.settings import Limits
from tests.telephony.phones import DOMAIN, NOW, SERVER, USERS, answer_to, service, settings
from tests.telephony.raw import PEER, Line, message

CONTACT = "<sip:201@192.0.2.100:6000;transport=tcp>"


def contacts(line: Line) -> list[tuple[str, int]]:
    return [(one.contact, (one.expires - line.now) // 1000) for one in line.service.registrations]


def test_a_phone_is_challenged_then_registered_then_refreshed_then_gone() -> None:
    """RFC 3665, 2.1, 2.2, 2.3 and 2.4."""
    line = Line(service())
    challenge = line.ask(message(Contact=CONTACT))
    assert challenge.code == 401
    offered = challenge.headers.getlist("WWW-Authenticate")
    assert ["algorithm=SHA-256" in offered[0], "algorithm=MD5" in offered[1]] == [True, True]
    assert all('qop="auth"' in one and "stale" not in one for one in offered)
    ok = line.register(Contact=CONTACT, User_Agent="Avaya J169")
    assert (ok.code, str(ok.contact[0].uri), ok.contact[0].parameters["expires"]) == (200, CONTACT[1:-1], "3600")
    assert ok.date is not None
    assert int(ok.date.timestamp() * 1000) == NOW // 1000 * 1000
    (entry,) = line.service.registrations
    assert (entry.extension, entry.contact, entry.flow, entry.user_agent) == ("201", CONTACT[1:-1], 1, "Avaya J169")
    line.now += 100_000
    assert line.register().contact[0].parameters["expires"] == "3500"
    assert line.register(Contact=CONTACT, Expires="100").contact[0].parameters["expires"] == "100"
    assert line.register(Contact=CONTACT, Expires="0").contact == []
    assert line.service.registrations == ()
    assert [event.kind for event in line.service.events] == ["registered", "refreshed", "unregistered"]


def test_registering_with_md5() -> None:
    line = Line(service(settings(algorithms=("MD5",))))
    assert line.register(Contact=CONTACT).code == 200


def test_each_contact_has_its_own_time_and_preference() -> None:
    line = Line(service())
    ok = line.register(
        Contact=[
            "<sip:a@192.0.2.1>;expires=100;q=0.25, <sip:b@192.0.2.1>;q=0",
            '"B, C" <sip:c@192.0.2.1>;expires=9999999',
        ],
        Expires="200",
    )
    assert ok.code == 200
    assert [str(one.uri) for one in ok.contact] == ["sip:a@192.0.2.1", "sip:b@192.0.2.1", "sip:c@192.0.2.1"]
    assert [one.parameters["expires"] for one in ok.contact] == ["100", "200", "7200"]
    assert [one.parameters.get("q") for one in ok.contact] == ["0.25", "0", None]


def test_two_equivalent_contacts_are_one() -> None:
    line = Line(service())
    line.register(Contact="<sip:%32%30%31@PHONE.example.com;transport=TCP;x=1>")
    ok = line.register(Contact="<sip:201@phone.example.com;transport=tcp;y=2>")
    assert [str(one.uri) for one in ok.contact] == ["sip:201@phone.example.com;transport=tcp;y=2"]
    assert len(line.register(Contact="<sip:201@phone.example.com:5060;transport=tcp>").contact) == 2


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (404, {"uri": "sip:other.example.com"}),  # step 1
        (420, {"Require": "gruu, nothing"}),  # step 2
        (420, {"Proxy_Require": "nothing"}),
        (403, {"To": f"<sip:202@{DOMAIN}>"}),  # step 4
        (404, {"To": "<sip:201@other.example.com>"}),  # step 5
        (404, {"To": "tel:201"}),
        (400, {"Contact": "*"}),  # step 6
        (400, {"Contact": "*", "Expires": "1"}),
        (400, {"Contact": ["*", CONTACT], "Expires": "0"}),
        (400, {"Contact": "*, *", "Expires": "0"}),
        (400, {"Contact": "<sip:@>"}),
        (400, {"Contact": "<http://phone>"}),
        (400, {"Contact": f"{CONTACT};q=2"}),
        (400, {"Contact": f"{CONTACT};q=0.1234"}),
        (423, {"Contact": f"{CONTACT};expires=59"}),  # step 7
        (423, {"Contact": f"<sip:x@192.0.2.1>, {CONTACT}", "Expires": "1"}),
        (403, {"Contact": [f"<sip:{n}@192.0.2.1>" for n in range(11)]}),
        (200, {"Contact": f"{CONTACT};expires=60"}),
        (200, {"Contact": f"{CONTACT};expires=never"}),
        (200, {"Contact": CONTACT, "Expires": "99999999999999999999999"}),
        (200, {"Contact": "*", "Expires": "0"}),
        (200, {}),
    ],
)
def test_the_steps(status: int, changes: dict[str, str]) -> None:
    line = Line(service())
    changes = dict(changes)
    uri = changes.pop("uri", None)
    if uri is not None:
        assert line.ask(message(uri=uri)).code == status
        return
    response = line.register(**changes)
    assert response.code == status
    if status == 420:
        assert response.unsupported == changes.get("Require", changes.get("Proxy_Require", "")).split(", ")
    if status == 423:
        assert response.min_expires == 60
    assert bool(line.service.registrations) == (status == 200 and changes.get("Contact", "*") != "*")
    assert line.service.events == [] or line.service.events[0].kind == ("registered" if status == 200 else "refused")


def test_nothing_changes_unless_everything_does() -> None:
    line = Line(service())
    line.register(Contact=CONTACT)
    before = line.service.registrations
    assert line.register(Contact=[f"{CONTACT};expires=0", "<sip:b@192.0.2.1>;expires=5"]).code == 423
    assert line.service.registrations == before


def test_star_removes_all() -> None:
    line = Line(service())
    line.register(Contact=["<sip:a@192.0.2.1>", "<sip:b@192.0.2.1>"])
    assert line.register(Contact="*", Expires="0").contact == []
    assert [event.kind for event in line.service.events] == ["registered"] * 2 + ["unregistered"] * 2


def test_an_older_request_of_the_same_call_id_changes_nothing() -> None:
    line = Line(service())
    line.register(Contact=CONTACT, CSeq="10 REGISTER")
    assert line.register(Contact=CONTACT, CSeq="10 REGISTER").code == 500
    assert line.register(Contact="*", Expires="0", CSeq="9 REGISTER").code == 500
    assert line.register(Contact="<sip:other@192.0.2.1>", CSeq="9 REGISTER").code == 200
    assert line.register(Contact=CONTACT, CSeq="9 REGISTER", Call_ID="after-a-restart").code == 200
    assert len(line.service.registrations) == 2


def test_a_request_sent_again_by_an_eavesdropper_is_stale() -> None:
    line = Line(service())
    line.register(Contact=CONTACT)
    challenge = line.ask(message()).headers.getlist("WWW-Authenticate")[0]
    given = answer_to(challenge, "REGISTER", f"sip:{DOMAIN}", "201", USERS["201"])
    captured = message(CSeq="50 REGISTER", Contact="*", Expires="0", Authorization=given)
    assert line.ask(captured).code == 200
    line.register(Contact=CONTACT, CSeq="51 REGISTER")
    again = line.ask(captured)
    assert (again.code, "stale=true" in again.headers["WWW-Authenticate"]) == (401, True)
    assert len(line.service.registrations) == 1


def test_a_nonce_grows_old() -> None:
    line = Line(service())
    challenge = line.ask(message()).headers.getlist("WWW-Authenticate")[0]
    given = [answer_to(challenge, "REGISTER", f"sip:{DOMAIN}", "201", USERS["201"], nc) for nc in (1, 2)]
    assert line.ask(message(Authorization=given[0])).code == 200
    line.now += 5 * 60_000
    late = line.ask(message(Authorization=given[1]))
    assert (late.code, "stale=true" in late.headers["WWW-Authenticate"]) == (401, True)


def test_the_wrong_password_and_the_unknown_user_look_the_same() -> None:
    line = Line(service())
    answers = [line.register("201", "guess"), line.register("999", "guess")]
    assert [one.code for one in answers] == [401, 401]
    assert all("stale" not in one.headers["WWW-Authenticate"] for one in answers)
    assert [event[1:4:2] for event in line.service.events] == [("refused", ""), ("refused", "")]
    assert [event.extension for event in line.service.events] == ["201", "999"]


def test_no_event_holds_a_secret() -> None:
    line = Line(service())
    line.register(Contact=CONTACT)
    line.register(password="my other password")
    told = repr(line.service.events) + repr(line.service.registrations)
    assert "secret" not in told
    assert "password'" in told  # the words, never the thing
    assert "my other password" not in told
    assert "nonce" not in told


def test_bindings_expire() -> None:
    line = Line(service())
    line.register(Contact=["<sip:a@192.0.2.1>;expires=60", "<sip:b@192.0.2.1>;expires=120"])
    assert line.service.due() == NOW + 60_000
    line.service.tick(NOW + 60_000)
    assert [one.contact for one in line.service.registrations] == ["sip:b@192.0.2.1"]
    line.service.tick(NOW + 120_000)
    assert line.service.registrations == ()
    assert line.service.due() is None
    assert [event.kind for event in line.service.events][2:] == ["expired", "expired"]


def test_bindings_end_with_their_connection() -> None:
    line, other = Line(served := service()), Line(served, number=2)
    line.register(Contact=CONTACT)
    other.register(Contact="<sip:soft@192.0.2.7>", Call_ID="other")
    served.closed(line.flow, NOW)
    assert [one.flow for one in served.registrations] == [2]
    assert served.events[-1].detail == "flow closed"


def test_a_datagram_sent_again_is_answered_again_and_changes_nothing() -> None:
    line = Line(service(), "UDP")
    via = "SIP/2.0/UDP 192.0.2.100:6000;branch=z9hG4bKonce"
    challenge = line.ask(message(Via=via + "a")).headers.getlist("WWW-Authenticate")[0]
    given = answer_to(challenge, "REGISTER", f"sip:{DOMAIN}", "201", USERS["201"])
    request = message(Via=via, CSeq="2 REGISTER", Contact=CONTACT, Authorization=given)
    first = line.raw(request)
    assert first.startswith(b"SIP/2.0 200 OK\r\n")
    line.now += 31_000
    assert line.raw(request) == first
    assert len(line.service.events) == 1
    line.service.tick(NOW + 32_000)  # timer J
    assert line.ask(request).code == 401


def test_other_users_and_names() -> None:
    line = Line(served := service())
    line.register(Contact=CONTACT)
    served.reconfigure(settings(users={"202": "x"}, server="IP Office 12", realm="branch"))
    assert served.registrations == ()
    assert served.events[-1].detail == "no such user any more"
    answer = line.ask(message("OPTIONS"))
    assert answer.server == "IP Office 12"
    assert 'realm="branch"' in line.ask(message()).headers["WWW-Authenticate"]


def test_the_limit_of_contacts_is_a_setting() -> None:
    line = Line(service(settings(limits=Limits(contacts=1))))
    assert line.register(Contact=CONTACT).code == 200
    assert line.register(Contact="<sip:b@192.0.2.1>").code == 403


def test_sips_needs_tls() -> None:
    assert Line(service()).ask(message(uri=f"sips:{DOMAIN}")).code == 403
    assert Line(service(), "TLS").ask(message(uri=f"sips:{DOMAIN}")).code == 401


def test_an_address_of_the_unit_is_a_domain_of_it() -> None:
    served = service()
    flow = Flow(1, "TCP", PEER, ("198.51.100.9", 5060), 1)
    served.opened(flow, NOW)
    assert served.received(flow, message(uri="sip:198.51.100.9"), NOW)[0].data.startswith(b"SIP/2.0 401")
    assert served.received(flow, message(uri=f"sip:{SERVER[0]}"), NOW)[0].data.startswith(b"SIP/2.0 401")
