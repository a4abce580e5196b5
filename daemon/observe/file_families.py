"""What Prometheus is told of uploaded files: the disk they take, the names they have, the models that have none.

As in `families`, which has everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from daemon.fleet.file_book import FileStatistics
from daemon.observe.families import Families
from daemon.provisioning.models import ModelFirmware
from daemon.store.content import ContentStatistics


def content(statistics: ContentStatistics) -> Families:
    """What uploads take on the disk."""
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    yield gauge("ringkeeper_content_bytes", "Uploaded content on the disk, each once.", statistics.bytes)
    yield gauge("ringkeeper_content_files", "Pieces of such content.", statistics.files)
    yield gauge("ringkeeper_content_writing_bytes", "Bytes of uploads under way.", statistics.writing)
    yield gauge("ringkeeper_content_missing", "Content that the disk has lost.", statistics.missing)
    yield counter("ringkeeper_uploads", "Uploads that became durable.", statistics.uploads)
    yield _labelled(counter("ringkeeper_uploads_refused", "Uploads refused.", labels=["reason"]), statistics.refused)
    yield counter("ringkeeper_content_removed", "Content that nobody named any more.", statistics.removed)


def stored_files(statistics: FileStatistics) -> Families:
    """The names of uploaded files."""
    yield _labelled(GaugeMetricFamily("ringkeeper_stored_files", "Uploaded files.", labels=["kind"]), statistics.files)
    yield GaugeMetricFamily("ringkeeper_content_quota_bytes", "What uploads may take.", statistics.quota)


def models(found: Sequence[ModelFirmware]) -> Families:
    """Models that phones have."""
    missing = sum(model.missing for model in found)
    yield GaugeMetricFamily("ringkeeper_models_without_firmware", "Models whose phones find no firmware here.", missing)


def _labelled(
    family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, int]
) -> CounterMetricFamily | GaugeMetricFamily:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
