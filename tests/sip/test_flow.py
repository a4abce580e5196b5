from __future__ import annotations

import pytest

from daemon.config.listen import Listen
from daemon.config.settings import Sip
from daemon.sip.flow import IPV4, IPV6, Flow, family_of


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("10.1.2.7", IPV4),
        ("::1", IPV6),
        ("phone.example", None),
        ("10.1.2", None),
        ("", None),
        ("1\0", None),
        (":", None),
    ],
)
def test_only_numeric_addresses_have_a_family(host: str, family: int | None) -> None:
    assert family_of(host) == family


def test_a_flow_knows_the_port_it_got() -> None:
    flow = Flow(Listen("udp", "127.0.0.1", 0), Sip())
    with flow.socket:
        assert flow.listen == Listen("udp", "127.0.0.1", flow.socket.getsockname()[1])
        assert not flow.socket.getblocking()
