# SPDX-License-Identifier: Apache-2.0
"""`fastfront bench`: a load generator for OpenAI-compatible servers, and frontends side by side before one engine.

    options → workloads, prompts → (server, frontends: what is measured) → load (one run) → report → table, plots

The client is native (`_native/load`). Only the command line knows this package; it imports nothing of the frontend.
"""
