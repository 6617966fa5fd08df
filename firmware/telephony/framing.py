"""Bytes of a connection to messages (RFC 3261, 7.5 and 18.3; RFC 5626, 3.5.1).

1. Between messages a double CRLF is a ping and is answered with one CRLF; a single CRLF means nothing.
2. A message is its head, an empty line, and as many bytes as Content-Length says. On a connection it must say so.
3. The same bytes give the same messages however they were cut into pieces: a decision is only taken on what no
   further byte can change.
4. Once the bytes make no sense any more (a head or body beyond its limit, no or a wrong Content-Length, a head that
   has no Via), no later message can be found: what is left is one last message with a defect, and then nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.telephony.message import Message, Request, content_length, read_head
from firmware.telephony.settings import Limits
from firmware.telephony.syntax import BadSyntax

PING = b"\r\n\r\n"
END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Framed:
    """A ``message``, or a ping when it is None. ``last``: nothing after it can be understood."""

    message: Message | None
    last: bool = False


class Framer:
    """The receiving half of one connection."""

    __slots__ = ("_buffer", "_head", "_length", "_limits", "_searched", "ended")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._head: Message | None = None
        self._length = 0
        self.ended = False

    @property
    def waiting(self) -> bool:
        """Whether a message began that is not complete."""
        return self._head is not None or not PING.startswith(self._buffer)

    def feed(self, data: bytes) -> list[Framed]:
        """What is complete now."""
        found: list[Framed] = []
        if self.ended:
            return found
        self._buffer += data
        while (framed := self._next()) is not None:
            found.append(framed)
            if framed.last:
                self.ended = True
                self._buffer.clear()
                break
        return found

    def _next(self) -> Framed | None:
        if self._head is None:
            framed = self._blank()
            if framed is not None or PING.startswith(self._buffer):
                return framed
            if not 0x20 < self._buffer[0] < 0x7F:  # such as a TLS ClientHello on the port for SIP in clear
                return _last(read_head(b"", self._limits.headers), 400, "this is no SIP")
            head = self._take_head()
            if head is None or head.last:
                return head
            self._head = head.message
        return self._take_body()

    def _blank(self) -> Framed | None:
        """A ping, if one comes next; a single CRLF before a message is dropped."""
        if self._buffer.startswith(PING):
            del self._buffer[: len(PING)]
            return Framed(None)
        if self._buffer.startswith(b"\r\n") and not PING.startswith(self._buffer):
            del self._buffer[:2]
        return None

    def _take_head(self) -> Framed | None:
        limit = self._limits.head
        end = self._buffer.find(END, self._searched, limit + len(END))
        if end < 0:
            if len(self._buffer) < limit + len(END):
                self._searched = max(0, len(self._buffer) - len(END) + 1)
                return None
            return self._oversized()
        head = bytes(self._buffer[:end])
        del self._buffer[: end + len(END)]
        self._searched = 0
        return self._measured(read_head(head, self._limits.headers))

    def _oversized(self) -> Framed:
        """The head's whole lines within the limit, to answer with."""
        lines = bytes(self._buffer[: self._limits.head]).rpartition(b"\r\n")[0]
        return _last(read_head(lines, self._limits.headers), 513, "Header Too Large")

    def _measured(self, head: Message) -> Framed:
        """The head with its body's length noted, or a last message when it cannot be known."""
        try:
            length = content_length(head)
        except BadSyntax as error:
            return _last(head, 400, str(error))
        if length is None:
            return _last(head, 400, "Content-Length is missing")
        if length > self._limits.body:
            return _last(head, 513, "Message Too Large")
        if not head.first("Via"):
            return Framed(head, last=True)
        self._length = length
        return Framed(head)

    def _take_body(self) -> Framed | None:
        if len(self._buffer) < self._length or self._head is None:
            return None
        message, self._head = self._head, None
        message.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return Framed(message)


def _last(message: Message, status: int, defect: str) -> Framed:
    message.defect = message.defect or defect
    if isinstance(message, Request) and message.defect == defect:
        message.status = status
    return Framed(message, last=True)


def datagram(data: bytes, limits: Limits) -> Framed | None:
    """One datagram: a message, or nothing. An empty one keeps a binding alive in a NAT and is not answered.

    Without Content-Length the body runs to the end; beyond it bytes are dropped; fewer are a defect (18.3).
    """
    if not data.strip(b"\r\n"):
        return None
    data = data.lstrip(b"\r\n")
    head, found, body = data.partition(END)
    if len(head) > limits.head:
        lines = head[: limits.head].rpartition(b"\r\n")[0]
        return _last(read_head(lines, limits.headers), 513, "Header Too Large")
    message = read_head(head if found else head.removesuffix(b"\r\n"), limits.headers)
    if not found:
        return _last(message, 400, "the empty line is missing")
    if len(body) > limits.body:
        return _last(message, 513, "Message Too Large")
    try:
        length = content_length(message)
    except BadSyntax as error:
        return _last(message, 400, str(error))
    if length is not None and length > len(body):
        return _last(message, 400, "Content-Length is larger than the datagram")
    message.body = body if length is None else body[:length]
    return Framed(message)
