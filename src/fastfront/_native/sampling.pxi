# SPDX-License-Identifier: Apache-2.0
# Sampling: the engine's SamplingParams of one kind of request, as MessagePack. Part of express.pyx, whose names it uses.

cdef class Sampling:
    """How one kind of request is sampled: the engine's SamplingParams, whole but for max_tokens."""

    cdef bytes members   # of the MessagePack map
    cdef int count
    cdef int64_t wanted  # tokens to generate at most; -1: as many as there is room for
    cdef tuple stop

    def __init__(self, bytes encoded not None, wanted, tuple stop):
        cdef unsigned char head = (<unsigned char*>PyBytes_AS_STRING(encoded))[0]
        if head & 0xf0 == 0x80:
            self.count, self.members = head & 0x0f, encoded[1:]
        elif head == 0xde:
            self.count, self.members = int.from_bytes(encoded[1:3], "big"), encoded[3:]
        else:
            raise ValueError("encoded is not a MessagePack map")
        self.wanted = -1 if wanted is None else wanted
        self.stop = stop

    cpdef bytes with_max_tokens(self, int64_t max_tokens):
        cdef char value[9]
        cdef int count = self.count + 1
        cdef bytes head = bytes((0x80 | count,)) if count < 16 else b"\xde" + count.to_bytes(2, "big")
        cdef Py_ssize_t size = prompt_parts.write_msgpack_int(value, max_tokens) - value
        return head + self.members + b"\xaamax_tokens" + PyBytes_FromStringAndSize(value, size)
