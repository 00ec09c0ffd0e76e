# SPDX-License-Identifier: Apache-2.0
"""The engine boundary: vLLM's engine core, spoken to over ZeroMQ and msgpack.

Knows sockets, processes and wire types; nothing of HTTP, prompts or text. Importing this package loads nothing else:
`engine.types` stays free of ZeroMQ, so that the embedded engine can share it.
"""
