# SPDX-License-Identifier: Apache-2.0
# Exchange: one request and its response. Part of http.pyx (the connection), whose names it uses; a file of its own
# because it is an idea of its own.

cdef dict REASONS = {
    200: b"OK", 201: b"Created", 204: b"No Content", 304: b"Not Modified", 307: b"Temporary Redirect",
    400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found", 405: b"Method Not Allowed",
    408: b"Request Timeout", 413: b"Content Too Large", 415: b"Unsupported Media Type",
    422: b"Unprocessable Content", 429: b"Too Many Requests", 431: b"Request Header Fields Too Large",
    500: b"Internal Server Error", 501: b"Not Implemented", 503: b"Service Unavailable",
}


cpdef bytes head_of(int status, headers, bytes rest):
    cdef list parts = [b"HTTP/1.1 %d %b\r\n" % (status, REASONS.get(status, b""))]
    for name, value in headers:
        if b"\n" in name or b"\r" in name or b"\n" in value or b"\r" in value:
            raise ValueError("a response header contains a line break")
        parts.append(b"%b: %b\r\n" % (name, value))
    parts.append(rest)
    return b"".join(parts)


cdef class Exchange:
    """One request and its response: ASGI's receive and send, and the native way around them."""

    cdef HttpProtocol connection
    cdef readonly str method
    cdef str version
    cdef readonly bytes raw_path        # without the query
    cdef bytes query
    cdef readonly list headers          # (lower-case name, value) as in the scope
    cdef dict asgi_scope
    cdef object lane                    # waits for the whole body; None: the app's business, or nobody's any more
    cdef readonly int status            # of the response; 0 = none yet
    cdef readonly double started
    cdef public object on_disconnect    # called once if the client leaves before the response's end
    cdef public list extra_headers      # middleware adds here what it would have added to http.response.start
    cdef list body
    cdef Py_ssize_t body_size
    cdef Py_ssize_t body_length         # as announced for a lane; -1 = not announced
    cdef bint body_complete
    cdef bint body_taken                # the app has seen the end of the body
    cdef bint expects_continue
    cdef bint keep_alive
    cdef bint http_1_0
    cdef bint is_head
    cdef bint begun                     # the head has been sent
    cdef bint complete
    cdef bint disconnected
    cdef bint handed_over
    cdef bint chunked
    cdef Py_ssize_t announced           # content-length that the app promised; -1 = none
    cdef object start_headers
    cdef object waiter
    cdef object task

    # -- from the parser

    cdef feed(self, bytes data):
        self.body.append(data)
        self.body_size += len(data)
        if self.lane is not None:
            if self.body_size <= self.connection.lane_limit:
                return
            self.lane = None
            if self is self.connection.current:
                self.connection.start(self)
        if self.body_size > BODY_HIGH_WATER:
            self.connection.hold_reading()
        self.wake()

    cdef bytes whole_body(self):
        if len(self.body) != 1:
            self.body = [b"".join(self.body)]
        return self.body[0]

    cdef end_body(self):
        self.body_complete = True
        self.wake()

    cdef wake(self):
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    cdef disconnect(self):
        if self.complete or self.disconnected:
            return
        self.disconnected = True
        self.wake()
        if self.on_disconnect is not None:
            self.on_disconnect()

    # -- ASGI

    @property
    def scope(self) -> dict:
        """The request as ASGI sees it."""
        cdef HttpProtocol connection = self.connection
        cdef bytes path
        if self.asgi_scope is None:
            path = unquote_to_bytes(self.raw_path) if b"%" in self.raw_path else self.raw_path
            self.asgi_scope = {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": self.version,
                "server": connection.server,
                "client": connection.client,
                "scheme": "http",
                "method": self.method,
                "root_path": connection.state.root_path,
                "path": path.decode("utf-8", "replace"),
                "raw_path": self.raw_path,
                "query_string": self.query,
                "headers": self.headers,
                "extensions": {EXTENSION: self},
            }
        return self.asgi_scope

    async def receive(self):
        """ASGI's receive: the request's body, then, when the client or the response has ended, http.disconnect."""
        cdef bytes body
        while True:
            if self.disconnected or self.complete:
                return {"type": "http.disconnect"}
            if not self.body_taken and (self.body or self.body_complete):
                body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
                self.body = []
                self.body_size = 0
                self.body_taken = self.body_complete
                self.connection.release_reading()
                return {"type": "http.request", "body": body, "more_body": not self.body_complete}
            if self.expects_continue and not self.begun and not self.http_1_0:
                self.expects_continue = False
                self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if not self.body_complete:
                self.connection.wait_for(for_body)
            self.waiter = self.connection.loop.create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None
                if not self.disconnected and not self.complete:
                    self.connection.wait_for(for_nothing)

    async def send(self, message):
        """ASGI's send. Raises OSError once the client has gone, RuntimeError for messages out of order."""
        cdef str kind = message["type"]
        if self.disconnected:
            raise ConnectionResetError("the client has gone")
        if self.complete or self.handed_over:
            raise RuntimeError("the response is complete")
        if kind == "http.response.start":
            if self.start_headers is not None:
                raise RuntimeError("http.response.start was sent already")
            self.status = message["status"]
            self.start_headers = list(message.get("headers", ()))
            return
        if kind != "http.response.body" or self.start_headers is None:
            raise RuntimeError(f"unexpected ASGI message {kind!r}")
        cdef bint more = message.get("more_body", False)
        cdef bytes body = bytes(message.get("body", b""))
        cdef bytes out = self.frame(body, more)
        if out:
            self.connection.write(out)
        if not more:
            self.connection.finish(self)
        elif self.connection.write_paused is not None:
            await self.connection.write_paused

    cdef bytes frame(self, bytes body, bint more):
        cdef list parts = []
        if not self.begun:
            parts.append(self.make_head(body, more))
            self.begun = True
        if self.is_head or self.status == 204 or self.status == 304:
            return b"".join(parts)
        if self.announced >= 0:
            self.announced -= len(body)
            if self.announced < 0 or (not more and self.announced != 0):
                self.keep_alive = False  # the client cannot find the next response any more
                self.connection.abort()
                raise RuntimeError("the body is not as long as its content-length says")
        if self.chunked:
            if body:
                parts.append(b"%x\r\n%b\r\n" % (len(body), body))
            if not more:
                parts.append(b"0\r\n\r\n")
        else:
            parts.append(body)
        return b"".join(parts)

    cdef bytes make_head(self, bytes body, bint more):
        cdef list headers = self.start_headers + self.extra_headers
        cdef bint sized = False
        cdef bint dated = False
        self.announced = -1
        for name, value in headers:
            lowered = name.lower()
            if lowered == b"content-length":
                sized = True
                self.announced = int(value)
            elif lowered == b"connection" and value.lower() == b"close":
                self.keep_alive = False
            elif lowered == b"transfer-encoding":
                raise RuntimeError("the server frames the response itself")
            elif lowered == b"date":
                dated = True
        if not sized and self.status != 204 and self.status != 304:
            if not more:
                headers.append((b"content-length", b"%d" % len(body)))
            elif self.http_1_0:
                self.keep_alive = False
            else:
                self.chunked = True
                headers.append((b"transfer-encoding", b"chunked"))
        if not self.body_complete:
            self.keep_alive = False
        if not self.keep_alive or self.connection.state.closing:
            self.keep_alive = False
            headers.append((b"connection", b"close"))
        elif self.http_1_0:
            headers.append((b"connection", b"keep-alive"))
        return head_of(self.status, headers, (b"" if dated else self.connection.state.date) + b"\r\n")

    # -- the native way

    def hand_over(self, pump, response, tuple headers, bint stream) -> bool:
        """Let the pump write the response to the socket. False: it has to go through send().

        `headers`: those of a successful response, without its framing. After True the caller waits for
        response.delivered, .lost or .overflowed, and then calls hand_back().
        """
        cdef HttpProtocol connection = self.connection
        if (
            self.handed_over or self.begun or self.complete or self.disconnected or self.http_1_0 or self.is_head
            or not self.body_complete or connection.transport.get_write_buffer_size() != 0
        ):
            return False
        self.keep_alive = self.keep_alive and not connection.state.closing
        heads = connection.state.heads(headers, stream, self.keep_alive, self.extra_headers)
        if connection.handle is None:
            connection.handle = SocketHandle(connection.transport.get_extra_info("socket").fileno())
        if not pump.hand_over(response, connection.handle, heads[0], heads[1], connection.state.backlog_limit):
            return False
        self.handed_over = self.begun = True
        return True

    def take_back(self) -> None:
        """Undo a hand-over whose response never got to the engine, so that nothing of it was written."""
        self.handed_over = self.begun = False

    def decline(self) -> None:
        """The lane that took the request leaves it to the app after all."""
        if not self.disconnected and not self.complete:
            self.connection.run_app(self)

    def hand_back(self, int status, bint usable) -> None:
        """The pump is done with the socket. `usable`: the whole response was written."""
        self.status = status
        if usable:
            self.connection.finish(self)
        else:
            self.keep_alive = False
            self.connection.abort()


cdef Exchange make_exchange(HttpProtocol connection, str method, str version):
    """Return the exchange of the head that the parser has come to the end of."""
    cdef bytes raw_path = connection.url
    cdef bytes query = b""
    cdef Exchange exchange = Exchange.__new__(Exchange)
    if raw_path[:1] != b"/" and raw_path != b"*":
        try:
            parsed = parse_url(raw_path)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        except Exception:
            connection.stop_head(400)
    elif b"?" in raw_path:
        raw_path, query = raw_path.split(b"?", 1)
        query = query.split(b"#", 1)[0]
    exchange.connection = connection
    exchange.body = []
    exchange.extra_headers = []
    exchange.announced = exchange.body_length = -1
    exchange.started = connection.loop.time()
    exchange.http_1_0 = version == "1.0"
    exchange.is_head = method == "HEAD"
    exchange.keep_alive = connection.parser.should_keep_alive()
    if method == "POST":
        exchange.lane = connection.lanes.get(raw_path)
    for name, value in connection.headers:
        if name == b"expect" and value.lower() == b"100-continue":
            exchange.expects_continue = True
            exchange.lane = None
        elif name == b"content-length" and exchange.lane is not None:
            exchange.body_length = int(value)
            if exchange.body_length > connection.lane_limit:
                exchange.lane = None
    exchange.method = method
    exchange.version = version
    exchange.raw_path = raw_path
    exchange.query = query
    exchange.headers = connection.headers
    return exchange
