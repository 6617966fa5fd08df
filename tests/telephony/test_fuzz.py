"""Raw bytes, damaged messages, any way of cutting: nothing raises, and pieces mean the same as the whole."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sipmessage import Message

from firmware.telephony.flows import Flow
from firmware.telephony.message import Request, Response, read_head, write
from firmware.telephony.settings import Limits
from firmware.telephony.syntax import BadSyntax, parameters, split_list
from firmware.telephony.uris import read_address, read_uri, read_via
from tests.telephony.phones import DOMAIN, NOW, SERVER, service, settings
from tests.telephony.raw import PEER, message
from tests.telephony.test_torture import CASES, torture

VALID = [
    message("OPTIONS"),
    message("REGISTER", Contact="<sip:201@192.0.2.100>;q=0.5;expires=100"),
    message("INVITE", f"sip:201@{DOMAIN}", Route="<sip:x;lr>", Content_Length="3") + b"abc",
    message("CANCEL", f"sip:201@{DOMAIN}"),
    message("ACK", f"sip:201@{DOMAIN}"),
    b"\r\n\r\n",
    b"\r\n",
    message("OPTIONS").replace(b"OPTIONS sip:pbx.example.com SIP/2.0", b"SIP/2.0 200 OK"),
    *(torture(case.name) for case in CASES),
]
PIECES = [
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b":",
    b";",
    b",",
    b'"',
    b"<",
    b">",
    b"\0",
    b"%",
    b"@",
    b"[",
    b"\xff",
    b"SIP/2.0",
    b"Via:",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid message with a few places cut, doubled or overwritten."""
    data = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data[start:end] = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)))
    return bytes(data)


streams = st.lists(st.one_of(damaged(), st.binary(max_size=60), st.sampled_from(VALID)), max_size=5).map(b"".join)
LIMITS = Limits(head=600, body=200, headers=20)


def answers(data: bytes, cuts: list[int]) -> tuple[bytes, bool, list[object]]:
    """What a connection gets for bytes cut at these places, whether it is closed, and what was told."""
    served = service(settings(limits=LIMITS))
    flow = Flow(1, "TCP", PEER, SERVER, 0)
    served.opened(flow, NOW)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    out = [one for start, end in pairwise(places) for one in served.received(flow, data[start:end], NOW)]
    assert all(one.flow == flow for one in out)
    served.tick(NOW + 1_000_000)
    served.closed(flow, NOW + 1_000_000)
    assert served.due() is None
    return b"".join(one.data for one in out), any(one.close for one in out), list(served.events)


@given(streams, st.lists(st.integers(0, 10_000), max_size=12))
def test_pieces_mean_the_same_as_the_whole(data: bytes, cuts: list[int]) -> None:
    whole = answers(data, [])
    assert answers(data, cuts) == whole
    assert answers(data, list(range(len(data)))) == whole


@given(st.lists(st.one_of(damaged(), st.binary(max_size=300)), max_size=6), st.integers(1, 65535))
def test_datagrams(data: list[bytes], port: int) -> None:
    served = service()
    flow = Flow(1, "UDP", ("192.0.2.100", port), SERVER, 0)
    for one in data:
        for out in served.received(flow, one, NOW):
            assert out.flow.peer[0] == flow.peer[0]
            assert out.data.startswith(b"SIP/2.0 ")
    served.tick(NOW + 1_000_000)


@given(st.one_of(damaged(), st.binary(max_size=300)))
def test_what_is_written_reads_as_it_was(data: bytes) -> None:
    first = read_head(data.partition(b"\r\n\r\n")[0], 128)
    if first.defect:
        return
    written = write(first)
    again = read_head(written.partition(b"\r\n\r\n")[0], 128)
    assert again.defect == ""
    first.headers["Content-Length"] = ["0"]
    assert again.headers == first.headers
    assert write(again) == written


@given(st.text(alphabet='abz09 \t;=,"<>\\@:[]%?sip/.', max_size=40))
@example('"' * 39)
def test_readers_refuse_or_read(text: str) -> None:
    for reader in (read_uri, read_address, read_via, parameters, split_list):
        try:
            reader(text)
        except BadSyntax as error:
            assert str(error)


HARD = [
    "a" * 16_000,
    '"' * 16_000,
    '"\\' * 8_000,
    "<" * 16_000,
    ";" * 16_000,
    ";a" * 8_000,
    ";a=" * 5_000,
    "a " * 8_000,
]
HARD += ["a@" * 8_000, " " * 16_000, "sip:" + "a;" * 8_000, "sip:a@" + "b." * 8_000 + "!", '"a" ' * 4_000, "%" * 16_000]
HARD += ["sip:a" + ";b" * 8_000 + '"', "a\t" * 8_000 + '"', '"' + "\\a" * 8_000, "SIP/2.0/UDP a" + " " * 16_000 + "!"]
HARD += [text + "<sip:a@b>" for text in HARD] + ["<sip:a@b>" + text for text in HARD]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_nothing_takes_more_than_linear_time(text: str) -> None:
    started = time.perf_counter()
    for reader in (read_uri, read_address, read_via, parameters, split_list):
        try:
            reader(text)
        except BadSyntax:
            continue
    assert time.perf_counter() - started < 0.25


users = st.text(alphabet="abcXYZ019-.!*_+~&=$;?/", min_size=1, max_size=12)
# No %: sipmessage takes it for an escape in header parameters, where RFC 3261 has none.
tokens = st.text(alphabet="abcXYZ019-.!*_+`'~", min_size=1, max_size=12)
quoted = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)


@given(
    users, st.one_of(st.just(""), quoted), st.lists(st.tuples(tokens, tokens), max_size=3), st.integers(0, 2**31 - 1)
)
def test_a_second_opinion_on_generated_messages(
    user: str, name: str, values: list[tuple[str, str]], number: int
) -> None:
    """``sipmessage`` reads the same out of a message as we do."""
    uri = f"sip:{user}@{DOMAIN}"
    extra = "".join(f";x{key.lower()}={value}" for key, value in dict(values).items())
    data = message("OPTIONS", uri, From=f"{name}<{uri}>;tag=t{extra}", CSeq=f"{number} OPTIONS")
    theirs = Message.parse(data)
    ours = read_head(data.partition(b"\r\n\r\n")[0], 128)
    assert isinstance(ours, Request)
    address = read_address(ours.first("From"))
    assert address.uri == str(theirs.from_address.uri)
    assert address.parameters == dict(theirs.from_address.parameters)
    assert ours.first("CSeq") == str(theirs.cseq)
    assert read_via(ours.first("Via")).branch == theirs.via[0].parameters["branch"]


@given(st.sampled_from(VALID), st.integers(0, 2))
def test_a_second_opinion_on_our_answers(data: bytes, times: int) -> None:
    """``sipmessage`` can read all of what we send."""
    served = service(settings(domains=("example.com", DOMAIN)))
    flow = Flow(1, "UDP", PEER, SERVER, 0)
    for _ in range(times):
        for out in served.received(flow, data, NOW):
            theirs = Message.parse(out.data)
            ours = read_head(out.data.partition(b"\r\n\r\n")[0], 128)
            assert isinstance(ours, Response)
            assert ours.defect == ""
            assert theirs.content_length == len(theirs.body)
            assert len(theirs.headers.getlist("Via")) == len(ours.headers.get("Via", []))
