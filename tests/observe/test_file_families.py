from __future__ import annotations

from daemon.fleet.file_book import FileStatistics
from daemon.observe.file_families import content, models, stored_files
from daemon.provisioning.models import ModelFirmware
from daemon.store.content import ContentStatistics


def test_every_figure_of_the_content_store_is_told() -> None:
    statistics = ContentStatistics(1, 2, 3, 4, {"quota": 5}, 6, 7)
    told = {sample.name: sample.value for family in content(statistics) for sample in family.samples}
    assert told == {
        "ringkeeper_content_bytes": 1,
        "ringkeeper_content_files": 2,
        "ringkeeper_content_writing_bytes": 3,
        "ringkeeper_uploads_total": 4,
        "ringkeeper_uploads_refused_total": 5,
        "ringkeeper_content_removed_total": 6,
        "ringkeeper_content_missing": 7,
    }


def test_names_and_the_quota_are_told() -> None:
    files, quota = stored_files(FileStatistics({"firmware": 2}, 100))
    assert [(sample.labels, sample.value) for sample in files.samples] == [({"kind": "firmware"}, 2)]
    assert quota.samples[0].value == 100


def test_models_without_firmware_are_counted() -> None:
    (family,) = models([ModelFirmware("420HD", 1, "", True), ModelFirmware("440HD", 1, "440HD.img", False)])
    assert family.samples[0].value == 1
