# SPDX-License-Identifier: Apache-2.0
"""Reading /metrics in tests."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


class Samples(dict):
    """Values by (name, labels); `sum` adds up those of a name whose labels fit."""

    def sum(self, name, **labels):
        """Return the sum of the samples of that name with at least these labels."""
        wanted = set(labels.items())
        return sum(value for (found, have), value in self.items() if found == name and wanted <= set(have))


def read_metrics(text):
    """Return the samples of a /metrics answer."""
    return Samples(
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )
