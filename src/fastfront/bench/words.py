# SPDX-License-Identifier: Apache-2.0
"""The words that prompts of a benchmark are made of: ordinary English, so that no file has to come from the network."""

from __future__ import annotations

_TEXT = """
the of and to in is that for it as with was on be by this are from at or an which not have has its were can been
would more other their when there will each about them these some could into time than only first over such new
may any two most between after under where through because while during before both same three much those against
water people work system year world place number part point group country problem example government company
information history question business service result change different important national possible social early
general public human local large small often always never perhaps however therefore although whether without
within among toward across behind beyond along around above below language model engine answer request memory
kernel thread buffer message window letter paper river mountain station garden kitchen market teacher student
doctor machine signal pattern surface material energy pressure temperature measure distance weather winter summer
morning evening history island harbour bridge railway library museum theatre village electric mechanical
parliament agreement development environment responsibility understanding particularly approximately nevertheless
"quoted" (bracketed) half-hearted don't it's 1984 3.14 42% A1 B2: yes, no; then. so! why? well... and/or e.g. i.e.
"""

WORDS = tuple(_TEXT.split())
