# SPDX-License-Identifier: Apache-2.0
"""Clients that send a request and are left to the test to read, or not: over HTTP/1.1 and over HTTP/2 with TLS."""

from __future__ import annotations

import socket

import h2.config
import h2.connection
import h2.errors
import h2.events

from tests.server.processes import DEADLINE

HEADERS = {"content-type": "application/json"}


class Http1Client:
    """A bare socket. `recv` gives what is on the wire."""

    def __init__(self, address, receive_buffer=None):
        self._socket = connect(address, receive_buffer)

    def request(self, path, content, length):
        self._socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
            + content
        )

    def recv(self, size):
        return self._socket.recv(size)

    def is_complete(self, data):
        """Tell whether a stream that was read to the end of the connection is whole."""
        return data.endswith(b"0\r\n\r\n")

    def reset(self):
        """Break the connection instead of closing it."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self):
        self._socket.close()


class Http2Client:
    """One stream of an HTTP/2 connection. `recv` gives the body's bytes; nothing is read without it."""

    def __init__(self, address, context, receive_buffer=None):
        context.set_alpn_protocols(["h2"])
        self._socket = context.wrap_socket(connect(address, receive_buffer), server_hostname="localhost")
        assert self._socket.selected_alpn_protocol() == "h2"
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._http.initiate_connection()
        self._stream = self._http.get_next_available_stream_id()
        self._complete = False

    def request(self, path, content, length):
        target = {":method": "POST", ":path": path, ":scheme": "https", ":authority": "localhost"}
        self._http.send_headers(self._stream, [*{**target, **HEADERS}.items(), ("content-length", str(length))])
        self._http.send_data(self._stream, content, end_stream=len(content) == length)
        self._flush()

    def recv(self, size):
        while True:
            received = self._socket.recv(size)
            if not received:
                return b""
            data, ended = b"", False
            for event in self._http.receive_data(received):
                if isinstance(event, h2.events.DataReceived):
                    data += event.data
                    self._http.acknowledge_received_data(event.flow_controlled_length, self._stream)
                elif isinstance(event, h2.events.StreamEnded):
                    self._complete = ended = True
                elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                    ended = True
            self._flush()
            if data or ended:
                return data

    def is_complete(self, data):
        return self._complete

    def reset(self):
        """Give up the stream; the connection stays."""
        self._http.reset_stream(self._stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def close(self):
        self._socket.close()

    def _flush(self):
        self._socket.sendall(self._http.data_to_send())


def connect(address, receive_buffer):
    """Return a connected socket, with a receive buffer of that size if it is given."""
    connection = socket.socket()
    connection.settimeout(DEADLINE)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(address)
    return connection


def raw_client(url, client_options, receive_buffer=None):
    """Return a client of that server, in its protocol."""
    address = (url.host, url.port)
    if url.scheme == "http":
        return Http1Client(address, receive_buffer)
    return Http2Client(address, client_options["verify"], receive_buffer)
