"""The SIP trace holds no secret, however a message is cut on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench.live.trace import Heads, Trace

REGISTER = (
    b"REGISTER sip:127.0.0.1 SIP/2.0\r\nCall-ID: a\r\n"
    b'Authorization: Digest username="201", response="6894e9b20f1e75a1", cnonce="deadbeef", nc=00000001\r\n\r\n'
)
INVITE = (
    b"INVITE sip:202@127.0.0.1 SIP/2.0\r\nContent-Length: 40\r\n\r\nv=0\r\na=crypto:1 X inline:MediaKeyMediaKey\r\n"
)


@pytest.mark.parametrize("size", [1, 2, 7, 50, 1000])
def test_whatever_the_cuts_digests_and_bodies_are_not_in_it(tmp_path: Path, size: int) -> None:
    trace, heads = Trace(tmp_path / "log"), Heads()
    stream = REGISTER + INVITE + REGISTER
    for at in range(0, len(stream), size):
        trace.messages("<-", "TCP", heads, stream[at : at + size])
    trace.close()
    shown = (tmp_path / "log").read_text()
    assert shown.count("REGISTER sip:127.0.0.1") == 2
    assert shown.count("INVITE sip:202@127.0.0.1") == 1
    assert 'username="201"' in shown
    assert not any(secret in shown for secret in ("6894e9b2", "deadbeef", "MediaKey"))


def test_a_quote_that_is_never_closed_hides_what_follows(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "log")
    trace.head("<-", "UDP", b'REGISTER x SIP/2.0\r\nAuthorization: Digest response="6894e9b2')
    trace.close()
    assert "6894e9b2" not in (tmp_path / "log").read_text()


def test_a_full_disk_ends_the_log_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    trace = Trace(None)
    with Path("/dev/full").open("ab", buffering=0) as full:
        trace._file = full
        trace.say("one")
        trace.say("two")
        assert full.closed
    assert "the log ends here: No space left" in capsys.readouterr().out
