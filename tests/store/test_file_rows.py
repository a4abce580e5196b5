from __future__ import annotations

from hypothesis import given, settings

from daemon.fleet.records import StoredFile
from daemon.store.file_rows import file_of, file_row
from tests.support import nouns


@settings(max_examples=50)
@given(nouns.stored_files)
def test_a_file_comes_back_as_it_was(file: StoredFile) -> None:
    assert file_of(file_row(file)) == file
