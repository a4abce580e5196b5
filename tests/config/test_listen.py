from __future__ import annotations

import pytest

from daemon.config.listen import Listen, parse_host_port, parse_listen

HTTP = ("http", "unix")


@pytest.mark.parametrize("text", ["http://0.0.0.0:8081", "http://[::1]:0", "unix:///run/ringkeeper/api.sock"])
def test_an_address_prints_as_it_is_read(text: str) -> None:
    assert str(parse_listen(text, HTTP)) == text


def test_the_parts_are_told_apart() -> None:
    assert parse_listen("udp://127.0.0.1:5060", ("udp",)) == Listen("udp", "127.0.0.1", 5060)
    assert parse_listen("unix:///run/x.sock", HTTP) == Listen("unix", path="/run/x.sock")
    assert parse_listen(Listen("udp"), HTTP) == Listen("udp")


@pytest.mark.parametrize(
    "text",
    ["", 5060, None, "0.0.0.0:8081", "udp://1.2.3.4:1", "http://1.2.3.4", "http://1.2.3.4:99999", "http://1.2.3.4:1/x",
     "http://localhost:1", "unix://x.sock", "unix://host/x", "http://[::1", "http://1.2.3.4:x"],
)  # fmt: skip
def test_everything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_listen(text, HTTP)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:db8::53]", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_a_server_is_an_address_with_or_without_a_port(text: str, host: str, port: int) -> None:
    assert parse_host_port(text, 53) == (host, port)


@pytest.mark.parametrize("text", ["", "dns.example.net", "192.0.2.53:0", "192.0.2.53:99999", "[::1", "1.2.3.4:x"])
def test_a_server_by_name_or_with_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_host_port(text, 53)
