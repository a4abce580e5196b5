"""Provisioning URLs, and what a phone makes of them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.settings import Settings
from daemon.errors import Refused
from daemon.provisioning.urls import (
    MAX_URL,
    Form,
    Purpose,
    address_for,
    own_url,
    pair_of_option,
    requests_of,
)

BASE = "http://prov.example.net:8081"
MODEL, MAC = "420HD", "00908f4867af"
IMAGE, FILE = f"{MODEL}.img", f"{MAC}.cfg"


def asked(option: str) -> list[str]:
    return [request.url for request in requests_of(option, MODEL, MAC)]


@pytest.mark.parametrize(
    ("form", "tenant", "proxy", "option"),
    [
        (Form.SYSTEM, "", "", f"{BASE}/firmwarefiles;ipp/dhcpoption160.cfg"),
        (Form.ZERO_TOUCH, "acme", "", f"{BASE}/firmwarefiles;ipp/tenant/acme"),
        (Form.REGION, "hq", "", f"{BASE}/firmwarefiles;ipp/region/hq"),
        (Form.DIRECT, "acme", "", f"{BASE}/ipp/tenant/acme"),
        (Form.SYSTEM, "", "192.0.2.5:8080", "http://192.0.2.5:8080/firmwarefiles;ipp/httpproxy/"),
        (Form.ZERO_TOUCH, "acme", "192.0.2.5:8080", "http://192.0.2.5:8080/firmwarefiles;ipp/tenant/acme"),
        (Form.REGION, "hq", "[2001:db8::5]:80", "http://[2001:db8::5]:80/firmwarefiles;ipp/region/hq"),
    ],
)
def test_the_forms_of_the_option(form: Form, tenant: str, proxy: str, option: str) -> None:
    assert address_for(f"{BASE}/", form, tenant, proxy).option() == option


def test_other_vendors_phones_take_the_folder_alone() -> None:
    assert address_for(BASE, Form.SYSTEM).folder() == f"{BASE}/ipp"
    assert address_for(BASE, Form.SYSTEM, via_proxy="sbc:80").folder() == "http://sbc:80/ipp/httpproxy"
    assert address_for(BASE, Form.ZERO_TOUCH, "acme").folder() == f"{BASE}/ipp/tenant/acme"


def test_https_stays_https_behind_a_proxy() -> None:
    address = address_for("https://[2001:db8::1]", Form.ZERO_TOUCH, "acme", "sbc.example.net:443")
    assert address.option().startswith("https://sbc.example.net:443/")


def test_a_tenants_name_cannot_leave_its_place_in_the_url() -> None:
    option = address_for(BASE, Form.ZERO_TOUCH, 'a/b";x').option()
    assert option == f"{BASE}/firmwarefiles;ipp/tenant/a%2Fb%22%3Bx"
    assert requests_of(option, MODEL, MAC)[1].path == f'/ipp/tenant/a/b";x/{FILE}'


def test_a_tenant_whose_name_looks_like_a_file_is_a_folder_all_the_same() -> None:
    assert asked(address_for(BASE, Form.ZERO_TOUCH, "x.cfg").option())[1] == f"{BASE}/ipp/tenant/x.cfg/{FILE}"


@pytest.mark.parametrize(
    "base", ["", "prov.example.net", "ftp://x", 'http://x"', "http://x/y", "http://x;y", "http://x\n"]
)
def test_what_is_no_address_of_ours_is_refused(base: str) -> None:
    with pytest.raises(Refused, match="not an address of ours"):
        address_for(base, Form.SYSTEM)


@pytest.mark.parametrize(
    ("form", "tenant", "proxy", "why"),
    [
        (Form.ZERO_TOUCH, "", "", "say which"),
        (Form.REGION, "", "", "tenant or site"),
        (Form.SYSTEM, "acme", "", "names no tenant"),
        (Form.SYSTEM, "", "sbc", "like 192.0.2.1:8080"),
        (Form.SYSTEM, "", 'sbc:80"', "like 192.0.2.1:8080"),
        (Form.ZERO_TOUCH, "a" * 100, "", f"keeps {MAX_URL} characters"),
    ],
)
def test_what_makes_no_url_is_refused_with_the_reason(form: Form, tenant: str, proxy: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        address_for(BASE, form, tenant, proxy)


@pytest.mark.parametrize(
    ("option", "firmware", "configuration"),
    [
        ("http://h", f"http://h/{IMAGE}", f"http://h/{FILE}"),
        ("tftp://192.0.2.1", f"tftp://192.0.2.1/{IMAGE}", f"tftp://192.0.2.1/{FILE}"),
        ("http://h/new.img", "http://h/new.img", f"http://h/{FILE}"),
        ("http://h/new.img;mine.cfg", "http://h/new.img", "http://h/mine.cfg"),
        ("http://h/;mine.cfg", f"http://h/{IMAGE}", "http://h/mine.cfg"),
        ("http://h/;<MODEL>_<MAC>_conf.cfg", f"http://h/{IMAGE}", f"http://h/{MODEL}_{MAC}_conf.cfg"),
        ("http://h/fw/;cfg/", f"http://h/fw/{IMAGE}", f"http://h/cfg/{FILE}"),
        ("http://h/fw;x/secret.cfx", f"http://h/fw/{IMAGE}", "http://h/x/secret.cfx"),
        ("http://h/fw;", f"http://h/fw/{IMAGE}", f"http://h/{FILE}"),
        ("http://h/ipp/tenant/acme", f"http://h/ipp/tenant/acme/{IMAGE}", f"http://h/ipp/tenant/acme/{FILE}"),
    ],
)
def test_a_side_without_a_file_stands_for_the_default_one(option: str, firmware: str, configuration: str) -> None:
    assert asked(option) == [firmware, configuration]
    assert [r.purpose for r in requests_of(option, MODEL, MAC)] == [Purpose.FIRMWARE, Purpose.CONFIGURATION]


@pytest.mark.parametrize(
    "option", ["", "http://", "prov.example.net", "gopher://h/x", "http://h/a b", "http://h/\n", "é"]
)
def test_what_is_no_url_makes_no_request(option: str) -> None:
    assert requests_of(option, MODEL, MAC) == ()


NAMES = st.text(min_size=1, max_size=20)


@settings(max_examples=100)
@given(form=st.sampled_from(Form), tenant=NAMES, model=st.sampled_from([MODEL, "C470HD"]))
def test_every_url_of_ours_leads_a_phone_to_us(form: Form, tenant: str, model: str) -> None:
    try:
        address = address_for(BASE, form, "" if form is Form.SYSTEM else tenant)
    except Refused:
        return
    option = address.option()
    firmware, configuration = requests_of(option, model, MAC)
    assert all(urlsplit(request.url).netloc == "prov.example.net:8081" for request in (firmware, configuration))
    assert firmware.path.endswith(f"/{model}.img")
    assert configuration.path.endswith("/dhcpoption160.cfg" if form is Form.SYSTEM else f"/{tenant}/{FILE}")
    assert "/".join(pair_of_option(option)) == option


@settings(max_examples=100)
@given(st.one_of(st.text(max_size=300), st.from_regex(r"(http|tftp)://[a-z.;/<>A-Z%]{0,40}", fullmatch=True)))
def test_anything_at_all_makes_two_requests_or_none(option: str) -> None:
    requests = requests_of(option, MODEL, MAC)
    assert len(requests) in {0, 2}
    assert all(request.url.startswith(option.partition("/")[0]) and request.path for request in requests)


@pytest.mark.parametrize(
    ("server", "listen", "url"),
    [
        ("", "http://0.0.0.0:8081", ""),
        ("p", "http://0.0.0.0:8081", "http://p:8081"),
        ("p", "http://0.0.0.0:80", "http://p"),
        ("p:9", "http://0.0.0.0:8081", "http://p:9"),
        ("p", "unix:///x", "http://p"),
    ],
)
def test_our_own_address_is_what_the_settings_say(server: str, listen: str, url: str) -> None:
    written = {"provisioning": {"server": server}, "http": {"phones": {"listen": [listen]}}}
    assert own_url(Settings.model_validate(written)) == url
