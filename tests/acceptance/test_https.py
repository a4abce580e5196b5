"""HTTPS from outside: curl as a phone with and without its factory certificate, a renewal, and what is counted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from subprocess import CalledProcessError

import pytest
import trio

from tests.support.certificates import Authority
from tests.support.whole_daemon import an_inventory, whole_daemon, write_config

pytestmark = pytest.mark.peer

IMAGE = os.urandom(1000) * 2000


def listeners(authority: Authority, folder: Path) -> dict[str, object]:
    """Phones over HTTP and HTTPS, operators over HTTPS and the Unix socket, with a certificate just made."""
    ours = authority.issue("127.0.0.1")
    own = {"certificate": str(ours.certificate), "key": str(ours.key)}
    return {
        "phones": {
            "listen": ["http://127.0.0.1:0", "https://127.0.0.1:0"],
            "tls": {**own, "client_ca": str(folder / "factory.pem")},
        },
        "operators": {"listen": [f"unix://{folder / 'api.sock'}", "https://127.0.0.1:0"], "tls": own},
    }


async def curl(*arguments: str) -> bytes:
    """What it prints; it fails where the server's certificate is not believed."""
    program = shutil.which("curl")
    assert program, "curl is not installed: apt install curl"
    return (await trio.run_process([program, "-sSf", *arguments], capture_stdout=True)).stdout


async def test_phones_and_operators_come_in_over_https_and_a_renewal_drops_nobody(tmp_path: Path) -> None:
    before, after, factory = (Authority(tmp_path, name) for name in ("before", "after", "factory"))
    phone = factory.issue("00908f4867af")
    firmware = tmp_path / "state" / "firmware"
    firmware.mkdir(parents=True)
    (firmware / "420HD.img").write_bytes(IMAGE)
    config = write_config(tmp_path, an_inventory(), http=listeners(before, tmp_path))
    async with whole_daemon(config) as daemon:
        plain, secure = daemon.running._parts.phones_server.addresses
        operators = daemon.running.operators_url
        believing = ("--cacert", str(before.path))
        showing = ("--cert", str(phone.certificate), "--key", str(phone.key))
        assert await curl(f"{plain}/firmwarefiles/420HD.img") == IMAGE  # by sendfile
        assert await curl(*believing, f"{secure}/firmwarefiles/420HD.img") == IMAGE
        assert await curl(*believing, *showing, "-r", "5-9", f"{secure}/firmwarefiles/420HD.img") == IMAGE[5:10]
        assert await curl(*believing, f"{operators}/-/healthy")

        write_config(tmp_path, an_inventory(), http=listeners(after, tmp_path))
        assert await daemon.running.reload()
        assert await curl("--cacert", str(after.path), f"{operators}/-/healthy")
        with pytest.raises(CalledProcessError, match="status 60"):
            await curl(*believing, f"{operators}/-/healthy")

        metrics = (await daemon.client.get("/metrics")).text
        assert 'ringkeeper_http_handshakes_total{listener="phones",result="done"} 2.0' in metrics
        assert 'ringkeeper_http_handshakes_total{listener="operators",result="certificate_refused"} 1.0' in metrics
        assert 'ringkeeper_http_requests_in_progress{listener="operators"} 1.0' in metrics  # this very one
