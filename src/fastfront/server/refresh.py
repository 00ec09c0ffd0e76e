# SPDX-License-Identifier: Apache-2.0
"""TLS certificates that are renewed while the server runs (--enable-ssl-refresh): new connections get the new ones.

The files are looked at once in a while; what cannot be used is told of, and the old certificate stays. Source of the
behaviour: vllm/entrypoints/launchers/utils/ssl.py (0.32), which has the kernel tell it of changes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Sequence

import hypercorn.config

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between looks: a stat of each file."""

Stamp = tuple[int, int, int] | None


class RefreshedConfig(hypercorn.config.Config):
    """Hypercorn's configuration with a TLS context that `refresh` keeps up to date."""

    context: ssl.SSLContext | None = None
    _seen: Sequence[Stamp] = ()

    def create_ssl_context(self) -> ssl.SSLContext | None:
        """Return the one context that all connections are made with."""
        if self.context is None:
            self.context = super().create_ssl_context()
        return self.context

    async def refresh(self) -> None:
        """Look at the files again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(INTERVAL)

    def look(self) -> None:
        """Read the files again if they have changed since the last look."""
        found = [_stamp(path) for path in self._paths()]
        # A file that is not there is being replaced: the next look finds it.
        if None in found or found == self._seen:
            return
        if self._seen:
            self._reload()
        self._seen = found

    def _paths(self) -> list[str]:
        return [path for path in (self.certfile, self.keyfile, self.ca_certs) if path is not None]

    def _reload(self) -> None:
        context = self.create_ssl_context()
        if context is None or self.certfile is None:
            return
        try:
            context.load_cert_chain(self.certfile, self.keyfile, self.keyfile_password)
            if self.ca_certs is not None:
                context.load_verify_locations(self.ca_certs)
        except (OSError, ValueError) as error:
            logger.error("The changed TLS files cannot be used, the old ones stay: %s", error)  # noqa: TRY400
            return
        logger.info("The TLS files have changed: new connections get %s", self.certfile)


def _stamp(path: str) -> Stamp:
    """Return what changes with a file; None if it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - the path is the operator's text, asked for again and again
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
