# SPDX-License-Identifier: Apache-2.0
# What a connection may wait for, hold, and be sent around its bodies. Part of http.pyx, whose names it uses.

# What a connection waits for; each wait has a limit that Connections.sweep() enforces.
cdef enum Waiting:
    for_request  # idle, between requests
    for_head     # inside a request's head
    for_body     # inside a request's body that the app has asked for
    for_nothing  # the app is at work
    for_close    # response sent, the client still sends: discard until it stops

WAITING_NAMES = {for_request: "request", for_head: "head", for_body: "body", for_nothing: "nothing", for_close: "close"}

EXTENSION = "fastfront.socket"

cdef int BODY_HIGH_WATER = 1 << 17  # bytes of a request's body that may wait for the app
cdef int MAX_PIPELINED = 16         # requests that may wait behind the one being answered before reading pauses
cdef int MAX_BURST = 256            # requests that may come behind it in one read: parsed, some hundred KB at most


cdef object drop_trailer(HttpProtocol connection, bytes name, bytes value):
    """A field behind the body: what the app has decided on its headers must not change afterwards."""
    connection.head_size += len(name) + len(value)
    if connection.head_size > connection.state.max_head_bytes:
        connection.stop_head(431)


cdef object check_coding(HttpProtocol connection, bytes coding):
    """Refuse a transfer-encoding that the parser would pass on undone, or that the version of HTTP does not have."""
    if connection.parser.get_http_version() != "1.1":
        connection.stop_head(400)
    if coding.strip().lower() != b"chunked":
        connection.stop_head(501)


cdef object bound_framing(HttpProtocol connection, Py_ssize_t size):
    """Chunk extensions and trailers bring no body, but cost memory and time: they may be as long as a head."""
    connection.framing_size = 0 if connection.fed else connection.framing_size + size
    connection.fed = False
    if connection.framing_size > connection.state.max_head_bytes:
        connection.refuse(431)


cdef bint after_last_request(HttpProtocol connection):
    """Whether what the parser stumbles over is behind a request that said it is the connection's last."""
    cdef Exchange last = connection.current
    if connection.pipelined:
        last = connection.pipelined[len(connection.pipelined) - 1]
    return connection.between and last is not None and not last.keep_alive
