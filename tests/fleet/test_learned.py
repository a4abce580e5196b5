from __future__ import annotations

from daemon.fleet.learned import LearnedBook, Word
from tests.support.builders import MAC, contact


def test_the_last_word_of_each_server_is_kept() -> None:
    book = LearnedBook()
    book.note("pbx-a", "2041", Word(MAC, contact()))
    book.note("pbx-a", "2041", Word(MAC, contact(5062)))
    book.note("pbx-b", "2041", Word(MAC, None))
    assert book.word("pbx-a", "2041") == Word(MAC, contact(5062))
    assert set(book.servers()) == {"pbx-a", "pbx-b"}
    assert set(book.users("pbx-a")) == {"2041"}


def test_a_server_without_users_is_forgotten_with_the_last_of_them() -> None:
    book = LearnedBook()
    book.note("pbx-a", "2041", Word(MAC, None))
    book.forget("pbx-a", "2041")
    book.forget("pbx-a", "2041")
    book.forget("pbx-z", "2041")
    assert not book.servers()
    assert not book.users("pbx-a")
    assert book.word("pbx-a", "2041") is None
