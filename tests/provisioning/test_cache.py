"""Finished files are kept by what they were made from."""

from __future__ import annotations

from daemon.provisioning.cache import FileCache, RenderedFile

FILE = RenderedFile(b"12345", secret=False)


def test_a_file_is_found_only_by_the_very_inputs_it_was_made_from() -> None:
    cache = FileCache()
    assert cache.put("k", ("a", 1), FILE) is FILE
    assert cache.get("k", ("a", 1)) is FILE
    assert cache.get("k", ("a", 2)) is None
    assert cache.get("other", ("a", 1)) is None
    assert (cache.hits, cache.misses) == (1, 2)


def test_a_new_file_replaces_the_former_one() -> None:
    cache = FileCache()
    cache.put("k", (1,), FILE)
    cache.put("k", (2,), RenderedFile(b"123", secret=True))
    assert cache.get("k", (1,)) is None
    assert cache.size == 3


def test_the_file_not_asked_for_longest_goes_first() -> None:
    cache = FileCache(max_bytes=10)
    cache.put("old", (), FILE)
    cache.put("asked", (), FILE)
    cache.get("old", ())
    cache.put("new", (), FILE)
    assert cache.get("asked", ()) is None
    assert cache.get("old", ()) is FILE
    assert (cache.size, cache.evictions) == (10, 1)


def test_a_file_larger_than_the_cache_is_served_but_not_kept() -> None:
    cache = FileCache(max_bytes=4)
    assert cache.put("k", (), FILE) is FILE
    assert cache.get("k", ()) is None
    assert cache.size == 0


def test_clearing_forgets_everything() -> None:
    cache = FileCache()
    cache.put("k", (), FILE)
    cache.clear()
    assert cache.get("k", ()) is None
    assert cache.size == 0
