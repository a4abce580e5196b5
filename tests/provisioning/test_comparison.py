"""Two states of a configuration held against each other."""

from __future__ import annotations

from daemon.provisioning.comparison import OTHER_MASK, effective, file_diff, key_changes, shown, worst
from daemon.provisioning.masking import MASK
from daemon.provisioning.render import RenderedLine
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.vendor import Effect


def lines(*texts: str) -> list[RenderedLine]:
    return [RenderedLine(text, (), secret="password" in text) for text in texts]


def test_the_later_of_two_equal_keys_is_what_counts() -> None:
    found = effective(lines("include x.cfg", "vlan=1", "vlan=2"))
    assert {key: line.text for key, line in found.items()} == {"vlan": "vlan=2"}


def test_what_differs_is_told_by_key_with_what_it_triggers() -> None:
    old = effective(lines("personal_settings/language=English", "ems_server/keep_alive_period=60", "gone=1"))
    new = effective(lines("personal_settings/language=German", "ems_server/keep_alive_period=60", "new=1"))
    changes = key_changes(old, new, AUDIOCODES)
    assert [(change.key, change.old, change.new) for change in changes] == [
        ("gone", "1", None),
        ("new", None, "1"),
        ("personal_settings/language", "English", "German"),
    ]
    assert changes[-1].effect is Effect.REBOOT
    assert worst(changes) is Effect.REBOOT
    assert worst(()) is Effect.NONE


def test_a_secret_is_masked_but_that_it_is_another_is_told() -> None:
    old, new = lines("a=1", "line/password=rosebud"), lines("a=1", "line/password=xanadu")
    (change,) = key_changes(effective(old), effective(new), AUDIOCODES)
    assert (change.old, change.new) == (MASK, OTHER_MASK)
    diff = "\n".join(file_diff(old, new, "x.cfg"))
    assert f"-line/password={MASK}\n+line/password={OTHER_MASK}" in diff
    assert "rosebud" not in diff + shown(old[1])
    assert "xanadu" not in diff


def test_the_same_lines_are_no_change() -> None:
    same = lines("a=1", "line/password=rosebud")
    assert key_changes(effective(same), effective(same), AUDIOCODES) == ()
    assert file_diff(same, same, "x.cfg") == ()
