# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench`: a load generator for OpenAI-compatible servers, and frontends side by side before one engine.

    options → run → bodies (workloads, prompts, probe) → load: one run → report → table, plots
                  compare (frontends, server, floor): what is started and measured in turn ↗

The client is native (`_native/load`). Only the command line knows this package; it imports nothing of the frontend.
"""
