# SPDX-License-Identifier: Apache-2.0
"""All cases together, from the modules that have some. Data only."""

from __future__ import annotations

from tests.real_engine import cases, cases_fields

CASES = [*cases.CASES, *cases_fields.fields()]
ERRORS = [*cases.ERRORS, *cases_fields.refusals()]
