# SPDX-License-Identifier: Apache-2.0
"""The HTTP endpoints, one module per family: glue between ASGI and the rest, no logic of their own.

A handler takes (frontend, scope, receive, send), sends the whole response and returns its HTTP status, which the app
counts. Errors are raised; the app turns them into JSON.
"""
