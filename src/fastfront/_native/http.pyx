# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""An HTTP/1.1 connection: an asyncio protocol on llhttp (through httptools) that runs any ASGI app.

One HttpProtocol per connection, one Exchange per request. Bytes are parsed by llhttp, never here. The shared state of all
connections (app, limits, log, who takes over an upgrade) is server/connections.py's; this module knows none of fastfront's
routes. What an app may ask for beyond ASGI is the Exchange itself, as scope["extensions"]["fastfront.socket"]: the pump
then writes the response to the socket without the loop (core/socket_sink.hpp has the rules).
"""

from collections import deque
from urllib.parse import unquote_to_bytes

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url

from fastfront._native.pump import SocketHandle

include "limits.pxi"
include "exchange.pxi"
include "reading.pxi"


cdef class HttpProtocol:
    """asyncio.Protocol of one cleartext connection."""

    cdef readonly object state     # server.connections.Connections
    cdef readonly object loop
    cdef readonly object transport
    cdef object parser
    cdef object handle             # SocketHandle, made at the first hand-over
    cdef readonly object write_paused  # a future while the transport's buffer is full
    cdef Exchange current          # being answered
    cdef Exchange reading          # whose body is being read
    cdef object pipelined          # deque of exchanges that wait their turn
    cdef list raw                  # what came since the current head began, for whom takes over an upgrade
    cdef bytes url
    cdef list headers
    cdef Py_ssize_t head_size      # bytes of the current request's finished fields, trailers too
    cdef Py_ssize_t head_data      # bytes that came since its head began and that were all its head's
    cdef Py_ssize_t framing_size   # bytes that came since there was something of a body among them
    cdef bint fed                  # the data at hand has brought something of a body
    cdef int hosts
    cdef bint head_failed
    cdef bint between              # the parser stands between two requests
    cdef bint in_head              # the parser stands inside a request's head
    cdef bint at_first_byte        # nothing of the data at hand has been parsed, and a request may begin
    cdef bint first_in_data        # the request being parsed began at its data's first byte
    cdef bint head_began           # a head began in the data at hand
    cdef bint reading_held
    cdef readonly bint closed
    cdef readonly int waiting
    cdef readonly double waiting_since
    cdef object client
    cdef object server
    cdef Buffer read_buffer        # of the loop
    cdef Buffer room               # of the body that is being read without the parser
    cdef dict lanes                # of the app; see server.connections.Connections.lanes
    cdef Py_ssize_t lane_limit     # bytes of a body that a lane waits for
    cdef Py_ssize_t max_head_bytes
    cdef Py_ssize_t max_headers

    def __init__(self, state):
        self.state = state
        self.loop = state.loop
        self.read_buffer = state.read_buffer
        self.lanes = state.lanes
        self.lane_limit = state.lane_limit
        self.max_head_bytes = state.max_head_bytes
        self.max_headers = state.max_headers
        self.pipelined = deque()
        self.between = True

    @property
    def waiting_for(self) -> str:
        """What the connection waits for, by name."""
        return WAITING_NAMES[self.waiting]

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self.current is not None

    # -- asyncio.Protocol, and what uvloop takes instead of data_received where it is there

    def connection_made(self, transport):
        self.transport = transport
        self.parser = HttpRequestParser(self)
        peer = transport.get_extra_info("peername")
        name = transport.get_extra_info("sockname")
        self.client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        self.server = (name[0], name[1]) if isinstance(name, tuple) else (name or None, None)
        self.wait_for(for_request)
        self.state.opened(self)

    def connection_lost(self, exc):
        self.closed = True
        self.handle = None
        self.state.lost(self)
        if self.write_paused is not None and not self.write_paused.done():
            self.write_paused.set_result(None)
        self.write_paused = None
        self.pipelined.clear()
        if self.current is not None:
            self.current.disconnect()
        if self.reading is not None:
            self.reading.disconnect()
        self.current = self.reading = None
        self.parser = None
        self.room = None

    def pause_writing(self):
        self.write_paused = self.loop.create_future()

    def resume_writing(self):
        if self.write_paused is not None and not self.write_paused.done():
            self.write_paused.set_result(None)
        self.write_paused = None

    def eof_received(self):
        return None  # closes the transport: a client that is done with sending is done

    def get_buffer(self, size_hint):
        return buffer_for(self)

    def buffer_updated(self, size):
        note_read(self, size)

    def data_received(self, data):
        if self.closed or self.waiting == for_close:
            return
        if self.between:
            if self.current is None and data[:14] == b"PRI * HTTP/2.0":
                self.take_over(data)
                return
            self.raw = []
        if self.raw is not None:
            self.raw.append(data)
        self.at_first_byte = self.between
        self.head_began = False
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            if not self.head_failed:
                self.upgrade()
            return
        except HttpParserCallbackError as error:
            # One of the callbacks below refused the request (and has answered), or is broken.
            if not self.head_failed:
                self.state.log_exception("An HTTP parser callback failed", error.__cause__ or error.__context__ or error)
                self.refuse(500)
            return
        except HttpParserError:
            if not after_last_request(self):
                self.refuse(400)
            return
        if self.in_head:
            # The parser keeps an unfinished line to itself: what it may be holding is counted here. A head that began
            # behind other bytes is counted from the next data on.
            if self.first_in_data or not self.head_began:
                self.head_data += len(data)
            if self.head_data > self.max_head_bytes:
                self.refuse(431)
            elif self.waiting == for_request:
                self.wait_for(for_head)
        elif self.reading is not None:
            bound_framing(self, len(data))

    # -- httptools' callbacks

    def on_message_begin(self):
        self.url = b""
        self.headers = []
        self.head_size = self.head_data = 0
        self.hosts = 0
        self.first_in_data = self.at_first_byte
        self.at_first_byte = False
        self.head_began = True
        self.between = False
        self.in_head = True

    def on_url(self, bytes url):
        self.url += url
        self.head_size += len(url)

    def on_header(self, bytes name, bytes value):
        if not self.in_head:
            return drop_trailer(self, name, value)
        cdef bytes lowered = name.lower()
        self.head_size += len(name) + len(value)
        if len(self.headers) >= self.max_headers or self.head_size > self.max_head_bytes:
            self.stop_head(431)
        if lowered == b"host":
            self.hosts += 1
        elif lowered == b"transfer-encoding":
            check_coding(self, value)
        self.headers.append((lowered, value))

    def on_headers_complete(self):
        cdef Exchange exchange
        cdef str version = self.parser.get_http_version()
        cdef str method = self.parser.get_method().decode("ascii")
        if version != "1.1" and version != "1.0":
            self.stop_head(400)
        if len(self.pipelined) >= MAX_BURST:
            self.stop_head(429)
        if self.hosts > 1 or (self.hosts == 0 and version == "1.1") or method == "CONNECT":
            self.stop_head(400)
        if self.parser.should_upgrade():
            return
        self.raw = None
        self.in_head = False
        exchange = make_exchange(self, method, version)
        self.reading = exchange
        if self.current is None:
            self.start(exchange)
        else:
            self.pipelined.append(exchange)
            if len(self.pipelined) >= MAX_PIPELINED:
                self.hold_reading()

    def on_body(self, bytes body):
        self.fed = True
        if self.reading is not None and not self.reading.complete:
            self.reading.feed(body)

    def on_message_complete(self):
        cdef Exchange exchange = self.reading
        self.between = True
        self.reading = None
        if exchange is not None:
            exchange.end_body()
            if exchange.lane is not None and exchange is self.current:
                self.start(exchange)

    # -- requests

    cdef start(self, Exchange exchange):
        """It is this request's turn: to the app, or to a lane that takes it when it is complete."""
        self.current = exchange
        lane = exchange.lane
        if lane is not None and not exchange.body_complete:
            self.wait_for(for_body)
            return  # on_message_complete comes back here, unless the body grows too large for a lane
        exchange.lane = None
        self.wait_for(for_nothing)
        if lane is None or not self.call_lane(lane, exchange):
            self.run_app(exchange)

    cdef bint call_lane(self, lane, Exchange exchange):
        try:
            return lane(exchange, exchange.whole_body())
        except Exception as error:
            self.state.log_exception("An express lane failed", error)
            return False

    cdef run_app(self, Exchange exchange):
        exchange.task = self.loop.create_task(self.run(exchange))

    async def run(self, Exchange exchange):
        """Run the app for one request, and answer for it if it fails."""
        try:
            await self.state.app(exchange.scope, exchange.receive, exchange.send)
        except Exception as error:
            if not exchange.disconnected:
                self.state.log_exception("The application failed", error)
                if exchange.begun:
                    self.abort()
                else:
                    exchange.keep_alive = False
                    self.answer(exchange, 500)
            return
        finally:
            exchange.task = None
            exchange.on_disconnect = None
        if not exchange.complete and not exchange.disconnected and not self.closed:
            # An app that returns without ending its response gives it up: the client must not take it for whole.
            if exchange.begun:
                self.abort()
            else:
                self.answer(exchange, 500)

    cdef answer(self, Exchange exchange, int status):
        """Answer in the app's place."""
        exchange.status = status
        exchange.start_headers = [(b"content-type", b"text/plain")]
        exchange.extra_headers = []
        self.write(exchange.frame(REASONS[status], False))
        self.finish(exchange)

    cdef finish(self, Exchange exchange):
        """The response is complete: keep the connection or close it."""
        exchange.complete = True
        exchange.wake()
        exchange.on_disconnect = None
        self.state.answered(exchange)
        if self.closed or self.current is not exchange:
            return
        self.current = None
        if not exchange.keep_alive or self.state.closing:
            if exchange.body_complete:
                self.transport.close()
            else:
                self.linger()
            return
        exchange.body = []
        if self.pipelined:
            self.start(self.pipelined.popleft())
            self.release_reading()
        else:
            self.wait_for(for_request)
            self.release_reading()

    # -- the connection

    cdef wait_for(self, int what):
        self.waiting = what
        self.waiting_since = self.loop.time()

    cpdef write(self, bytes data):
        if not self.closed:
            self.transport.write(data)

    cdef hold_reading(self):
        if not self.reading_held and not self.closed:
            self.reading_held = True
            self.transport.pause_reading()

    cdef release_reading(self):
        if self.reading_held and not self.closed and len(self.pipelined) < MAX_PIPELINED:
            self.reading_held = False
            self.transport.resume_reading()

    cdef linger(self):
        """Close, but only when the client has stopped sending: a reset would take the response from it."""
        if self.closed:
            return
        self.release_reading()
        self.wait_for(for_close)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def abort(self):
        """Cut the connection; what the client has got is not a whole response."""
        if not self.closed:
            self.transport.abort()

    def close_idle(self):
        """Close if no request is being answered; otherwise the connection closes with its response."""
        if not self.closed and self.current is None:
            self.transport.close()

    def time_out(self):
        """The client has kept the server waiting too long."""
        if self.waiting == for_head or self.waiting == for_body:
            self.refuse(408)
        elif self.waiting == for_close:
            self.abort()
        else:
            self.transport.close()

    cdef stop_head(self, int status):
        """Refuse from inside a parser callback: the exception stops the parser."""
        self.refuse(status)
        raise ValueError("the request was refused")

    cdef refuse(self, int status):
        """Answer a request that will not be read any further, and close."""
        self.head_failed = True
        self.raw = None
        cdef bytes body
        if self.current is not None:
            if self.current.begun:
                # Its response is under way on the same connection: nothing may be put between.
                self.abort()
                return
            self.current.disconnect()
            self.current = None
        body = self.state.error_body(status)
        headers = [
            (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")
        ]
        self.write(head_of(status, headers, self.state.date + b"\r\n") + body)
        self.linger()

    cdef upgrade(self):
        if self.current is not None or not self.first_in_data or self.raw is None:
            self.refuse(400)
            return
        self.take_over(b"".join(self.raw))

    cdef take_over(self, bytes data):
        """Hand the connection, with what came so far, to the server that knows the other protocol."""
        self.closed = True
        self.raw = None
        self.parser = None
        self.state.lost(self)
        self.state.take_over(self.transport, data)
