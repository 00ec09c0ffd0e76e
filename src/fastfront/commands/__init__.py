# SPDX-License-Identifier: Apache-2.0
"""The sub-commands of `fastfront`, one module each, and what they share: reading flags, printing help.

A command takes the arguments behind its name and returns the process's exit status. Nothing heavy is imported before
the arguments are known to be good, so that a typing mistake is told at once.
"""
