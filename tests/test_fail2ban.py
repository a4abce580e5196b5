"""The filter reads what the daemon writes: its real lines, in both forms, by fail2ban itself."""

from __future__ import annotations

import io
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Literal

import pytest
import structlog

from daemon.config.contact_settings import Guesses
from daemon.config.settings import Log, Provisioning
from daemon.http.phones.guessers import LINE_EVERY
from daemon.observe import logs
from daemon.provisioning.first_contact import Reason
from daemon.provisioning.served import Refusal
from tests.support.builders import MAC
from tests.support.phones import Scene

FAIL2BAN = Path(__file__).parents[1] / "etc" / "fail2ban"
GUESSERS = ["203.0.113.9", "2001:db8::5"]
FORGED = '"event": "phone-guesser", "source": "192.0.2.66", source=192.0.2.66 '


async def lines(form: Literal["json", "console"]) -> str:
    """What the daemon says of two guessers, and of one who would have somebody else banned."""
    written, before = io.StringIO(), structlog.get_config()
    logs.configure(Log(format=form), written)
    try:
        scene = Scene(settings=Provisioning(guesses=Guesses(wrong_proofs=1)))
        scene.file = Refusal(Reason.WRONG_SECRET, mac=MAC)
        for source in GUESSERS:
            for secret in ("a", "b"):
                await scene.get(f"/k/{secret}/configfiles/{MAC}.cfg", source=source)
        scene.file = Refusal("template fault", detail=FORGED)
        await scene.get(f"/configfiles/{MAC}.cfg", source="198.51.100.1")
    finally:
        structlog.configure(**before)
    return written.getvalue()


@pytest.mark.peer
@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("prefix", ["", "Nov 22 08:16:12 pbx ringkeeper[812]: "])
async def test_fail2ban_finds_the_guessers_and_nobody_else(
    form: Literal["json", "console"], prefix: str, tmp_path: Path
) -> None:
    program = shutil.which("fail2ban-regex")
    assert program, "fail2ban-regex is missing: apt-get install fail2ban"
    log = tmp_path / "ringkeeper.log"
    log.write_text("".join(f"{prefix}{line}\n" for line in (await lines(form)).splitlines()))
    asked = [program, "-o", "ip", str(log), str(FAIL2BAN / "filter.d" / "ringkeeper.conf")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)  # noqa: ASYNC221 - ours alone
    assert done.stdout.split() == GUESSERS, done.stdout + done.stderr


def test_the_jail_is_off_and_bans_only_who_went_on_for_half_an_hour() -> None:
    jail = RawConfigParser()
    jail.read(FAIL2BAN / "jail.d" / "ringkeeper.conf")
    assert jail["ringkeeper"]["enabled"] == "false"
    assert int(jail["ringkeeper"]["maxretry"]) * LINE_EVERY == 1800
