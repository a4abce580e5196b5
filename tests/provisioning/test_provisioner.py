"""Which file a phone gets: the whole way from a request to bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import Mac, Server
from daemon.fleet.records import FileVersion
from daemon.provisioning.library import file_path
from daemon.provisioning.making import global_name
from daemon.provisioning.provisioner import INSTEAD, Provisioner
from daemon.provisioning.sealing import unpack
from daemon.provisioning.served import FileKind, FileRequest, Refusal, ServedFile
from daemon.provisioning.templates.extra_lines import lines_path
from daemon.provisioning.templates.shelf import load_templates
from daemon.provisioning.user_lines import left_path
from daemon.provisioning.zero_touch import Rule
from daemon.store.files import read_shipped_templates
from tests.support.provisioned import ACME, ALICE, GLOBEX, MAC, SEALER, House

STRANGER = Mac("00908f000001")
SECRET = SEALER.device_secret(MAC, 0)
INSIDE, OUTSIDE = "10.1.2.7", "192.0.2.1"
USER_AGENT = "AUDC-IPPhone/2.2.8.61 (420HD-Rev1; 00908F4867AF)"


def provisioner(house: House, settings: Provisioning | None = None, **own: bytes) -> Provisioner:
    return Provisioner(
        house,
        load_templates(read_shipped_templates(), {f"{name.strip('_')}.xml": raw for name, raw in own.items()}),
        SEALER,
        settings=settings or Provisioning(),
        keep_alive=KeepAlive(),
        sip=Sip(domain="pbx.example.net"),
    )


def asked(
    name: str = f"{MAC.upper()}.cfg",
    *,
    kind: FileKind = FileKind.TENANT,
    tenant: str = "acme",
    source: str = INSIDE,
    secret: str = "",
    host: str = "192.0.2.9:8081",
    user_agent: str = USER_AGENT,
) -> FileRequest:
    return FileRequest(kind, tenant, name, source, user_agent, secret, host)


def served(answer: ServedFile | Refusal) -> ServedFile:
    assert isinstance(answer, ServedFile), answer
    return answer


def keys(file: ServedFile) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.body.decode().splitlines()[1:])


@pytest.fixture
def house() -> House:
    made = House()
    made.put(ALICE)
    return made


def test_an_armed_phone_in_its_tenants_network_gets_everything(house: House) -> None:
    file = served(provisioner(house).serve(asked(), now=50.0))
    assert file.body.splitlines()[0] == (
        b"include http://192.0.2.9:8081/ipp/tenant/acme/Audiocodes_420HD_global_GENERIC_empty.cfg"
    )
    lines = keys(file)
    assert lines["voip/line/0/auth_password"] == "rosebud"
    assert lines["voip/line/0/id"] == "2041"
    assert lines["voip/line/0/description"] == "Alice"
    assert lines["ems_server/provisioning/url"] == f"http://192.0.2.9:8081/k/{SECRET}/"
    assert lines["provisioning/configuration/url"] == f"http://192.0.2.9:8081/k/{SECRET}/configfiles/"
    assert lines["provisioning/firmware/url"] == "http://192.0.2.9:8081/firmwarefiles/420HD.img"
    assert lines["ems_server/user_password"] == SECRET
    assert lines["voip/signalling/sip/proxy_address"] == "pbx-a.example.net"
    assert lines["voip/signalling/sip/proxy_port"] == "5070"
    assert lines["network/lan/vlan/id"] == "12"
    assert "personal_settings/language" not in lines
    assert (file.complete, file.with_secret, file.secret_inside) == (True, False, True)
    assert (file.reason, file.mac, file.model, file.template_name) == (
        "first contact",
        MAC,
        "420HD",
        "shipped/420HD.xml",
    )


def test_with_its_secret_a_phone_gets_everything_from_anywhere(house: House) -> None:
    house.put(replace(ALICE, armed_until=0.0))
    request = asked(kind=FileKind.CONFIGFILES, tenant="", source=OUTSIDE, secret=SECRET)
    file = served(provisioner(house).serve(request, now=50.0))
    assert (file.complete, file.with_secret, file.reason) == (True, True, "permanent secret")
    assert b"rosebud" in file.body


def test_without_proof_a_phone_gets_no_password_and_keeps_its_urls(house: House) -> None:
    house.put(replace(ALICE, armed_until=0.0))
    file = served(provisioner(house).serve(asked(), now=50.0))
    lines = keys(file)
    assert (file.complete, file.secret_inside, file.reason) == (False, False, "window closed")
    assert b"rosebud" not in file.body
    assert SECRET.encode() not in file.body
    assert "voip/line/0/auth_password" not in lines
    assert "ems_server/provisioning/url" not in lines
    assert "provisioning/configuration/url" not in lines
    assert lines["voip/line/0/id"] == "2041"


def test_a_phone_that_never_had_a_secret_gets_plain_urls_in_its_stripped_file(house: House) -> None:
    lines = keys(served(provisioner(house).serve(asked(), now=1000.0)))
    assert lines["ems_server/provisioning/url"] == "http://192.0.2.9:8081/"
    assert lines["provisioning/configuration/url"] == "http://192.0.2.9:8081/configfiles/"


def test_a_wrong_secret_is_no_secret(house: House) -> None:
    house.put(replace(ALICE, armed_until=0.0, secret_generation=1))
    refusal = provisioner(house).serve(asked(source=OUTSIDE, secret=SECRET), now=50.0)
    assert isinstance(refusal, Refusal)


def test_a_phone_beyond_the_licence_gets_nothing_whatever_it_shows(house: House) -> None:
    house.known[MAC].blocked = "blocked: the licence is for 1 devices"
    refused = provisioner(house).serve(asked(secret=SECRET), now=50.0)
    assert isinstance(refused, Refusal)
    assert refused.reason == "blocked by the licence"


def test_an_unapproved_phone_gets_no_secret_whatever_it_shows(house: House) -> None:
    house.put(replace(ALICE, approved=False))
    file = served(provisioner(house).serve(asked(secret=SECRET), now=50.0))
    assert (file.complete, file.reason) == (False, "unapproved")
    assert b"rosebud" not in file.body


def test_a_stranger_from_a_trusted_network_gets_its_tenants_bare_file(house: House) -> None:
    file = served(provisioner(house).serve(asked(f"{STRANGER}.cfg", user_agent=""), now=50.0))
    lines = keys(file)
    assert (file.complete, file.newcomer_of, file.mac, file.model) == (False, "acme", STRANGER, "")
    assert lines["voip/line/0/enabled"] == "0"
    assert lines["ems_server/provisioning/url"] == "http://192.0.2.9:8081/"
    assert not [key for key in lines if "password" in key]


def test_a_stranger_from_elsewhere_gets_nothing(house: House) -> None:
    for request in (
        asked(f"{STRANGER}.cfg", source=OUTSIDE),
        asked(f"{STRANGER}.cfg", source="10.2.0.1"),
        asked(f"{STRANGER}.cfg", tenant="nobody"),
        asked(f"{STRANGER}.cfg", kind=FileKind.SYSTEM, tenant="", source=OUTSIDE),
    ):
        answer = provisioner(house).serve(request, now=50.0)
        assert isinstance(answer, Refusal)
        assert answer.reason == "unknown phone"


def test_where_the_setting_says_so_a_phone_without_proof_gets_nothing(house: House) -> None:
    answer = provisioner(house, Provisioning(unprotected="refused")).serve(asked(), now=1000.0)
    assert answer == Refusal("window closed", tenant="acme", model="420HD", mac=MAC)


def test_a_defined_phone_keeps_its_tenant_whatever_url_it_uses(house: House) -> None:
    file = served(provisioner(house).serve(asked(tenant="globex"), now=50.0))
    assert b"/ipp/tenant/acme/" in file.body.splitlines()[0]
    assert file.complete


def test_a_phone_whose_tenant_is_gone_is_placed_like_a_new_one(house: House) -> None:
    house.put(replace(ALICE, tenant="closed"))
    where = provisioner(house).place(MAC, "10.2.0.1")
    assert (where.tenant, where.rule) == (GLOBEX, Rule.SUBNET)
    assert provisioner(house).place(STRANGER, OUTSIDE).rule is Rule.DEFAULT


def test_the_global_file_is_the_tenants_and_holds_no_secret(house: House) -> None:
    house.tenants["acme"] = replace(ACME, placeholders={"Language": "German", "Line1AuthPassword": "shared"})
    name = "Audiocodes_420HD_global_GENERIC_empty.cfg"
    serving = provisioner(house)
    file = served(serving.serve(asked(name, source=OUTSIDE, user_agent=""), now=0.0))
    text = file.body.decode()
    assert "personal_settings/language=German\n" in text
    assert "voip/signalling/sip/proxy_address=pbx.example.net\n" in text
    assert "password" not in text
    assert "192.0.2.9" not in text
    assert (file.mac, file.secret_inside) == (None, False)
    assert b"language=English" in served(serving.serve(asked(name, tenant="globex"), now=0.0)).body
    assert serving.serve(asked(name, tenant="nobody"), now=0.0) == Refusal("unknown name in the URL")


def test_every_line_reaches_the_phone_by_one_of_the_two_files(house: House) -> None:
    serving = provisioner(house)
    device = served(serving.serve(asked(user_agent="curl/8"), now=50.0)).body.decode()
    shared = served(serving.serve(asked("Audiocodes_420HD_global_GENERIC_empty.cfg"), now=50.0)).body.decode()
    both = {line.partition("=")[0] for line in (device + shared).splitlines()}
    template = load_templates(read_shipped_templates(), {}).named("generic")
    assert template
    assert {line.key for line in template.shared + template.own if line.key} <= both
    assert "%ITCS" not in device + shared
    assert "zzz" not in device + shared


def test_dhcpoption160_keeps_a_phone_with_its_tenants_url(house: House) -> None:
    name = "dhcpoption160.cfg"
    serving = provisioner(house)
    lines = served(serving.serve(asked(name), now=0.0)).body.decode().splitlines()
    assert len(lines) == 7
    assert "provisioning/configuration/url=http://192.0.2.9:8081/ipp/tenant/acme/" in lines
    system = served(serving.serve(asked(name, kind=FileKind.SYSTEM, tenant=""), now=0.0))
    assert b"provisioning/configuration/url=http://192.0.2.9:8081/configfiles/\n" in system.body
    assert (system.secret_inside, system.complete) == (False, True)


def test_through_a_proxy_the_phone_is_told_the_proxys_address(house: House) -> None:
    settings = Provisioning(placeholders={"HTTP_PROXY_IP": "203.0.113.5", "HTTP_PROXY_PORT": "8080"})
    request = asked("dhcpoption160.cfg", kind=FileKind.HTTPPROXY, tenant="")
    file = served(provisioner(house, settings).serve(request, now=0.0))
    assert b"ems_server/provisioning/url=http://203.0.113.5:8080/\n" in file.body


def test_the_name_from_the_settings_stands_above_how_the_phone_came(house: House) -> None:
    settings = Provisioning(server="prov.example.net", scheme="https")
    lines = keys(served(provisioner(house, settings).serve(asked(), now=50.0)))
    assert lines["provisioning/configuration/url"] == f"https://prov.example.net/k/{SECRET}/configfiles/"


@pytest.mark.parametrize(
    ("server", "scheme", "written"),
    [
        ("prov.example.net", "http", "http://prov.example.net:8081/"),
        ("prov.example.net:80", "http", "http://prov.example.net:80/"),
        ("[2001:db8::1]", "http", "http://[2001:db8::1]:8081/"),
        ("prov.example.net", "https", "https://prov.example.net/"),
    ],
)
def test_a_set_name_without_a_port_takes_the_one_the_phone_came_by(
    house: House, server: str, scheme: Literal["http", "https"], written: str
) -> None:
    serving = provisioner(house, Provisioning(server=server, scheme=scheme))
    file = served(serving.serve(asked("dhcpoption160.cfg", kind=FileKind.SYSTEM, tenant=""), now=0.0))
    assert f"ems_server/provisioning/url={written}\n" in file.body.decode()


@pytest.mark.parametrize("host", ["", "a b", "x\nvoip/line/0/id=1", "evil/..", "a@b", "x" * 73, "%ITCS_mac%", "[::1"])
def test_a_host_that_is_no_host_name_is_refused(house: House, host: str) -> None:
    answer = provisioner(house).serve(asked(host=host), now=50.0)
    assert isinstance(answer, Refusal)
    assert answer.reason == "server name"


def test_the_longest_server_name_leaves_room_for_the_secret(house: House) -> None:
    host = "x" * 66 + ":65535"
    file = served(provisioner(house, Provisioning(scheme="https")).serve(asked(host=host), now=50.0))
    assert max(len(value) for key, value in keys(file).items() if key.endswith("url")) <= 128


@pytest.mark.parametrize(
    "name", ["", "x.cfg", "00908f4867a.cfg", "00908f4867af.cfg.bak", "../x.cfg", "00908f4867ag.cfg"]
)
def test_other_names_are_not_there(house: House, name: str) -> None:
    assert provisioner(house).serve(asked(name), now=50.0) == Refusal("no such file")


def test_a_value_that_cannot_be_served_refuses_the_file_and_says_where(house: House) -> None:
    house.put(replace(ALICE, display_name="Alice\nvoip/line/0/enabled=0"))
    answer = provisioner(house).serve(asked(), now=50.0)
    assert isinstance(answer, Refusal)
    assert answer.reason == "template fault"
    assert "shipped/generic.xml" in answer.detail  # the line that 420HD.xml has from there
    assert f"(device {MAC})" in answer.detail


def test_a_password_sealed_with_another_key_refuses_the_file(house: House) -> None:
    house.put(replace(ALICE, sip_password="gAAAA"))
    answer = provisioner(house).serve(asked(), now=50.0)
    assert isinstance(answer, Refusal)
    assert answer.reason == "sealed password"


def test_a_tenants_own_template_is_used_and_named(house: House) -> None:
    raw = (
        b"<ipphonetamplate><file_config><type>global_file</type><data>a=1</data></file_config><file_config>"
        b"<type>file</type><data>b=%ITCS_mac%</data></file_config></ipphonetamplate>"
    )
    file = served(provisioner(house, _420HD=raw).serve(asked(), now=50.0))
    assert (file.template_name, keys(file)) == ("420HD.xml", {"b": MAC})


def test_the_model_is_what_the_phone_says_else_what_is_known_of_it(house: House) -> None:
    assert served(provisioner(house).serve(asked(user_agent="curl"), now=50.0)).model == "420HD"
    newer = "AUDC-IPPhone/3 (450HD; 00908F4867AF)"
    assert served(provisioner(house).serve(asked(user_agent=newer), now=50.0)).model == "450HD"


def test_a_file_is_made_once_and_again_when_anything_it_depends_on_changed(house: House) -> None:
    serving = provisioner(house)

    def misses_for_one_fetch(**how: str) -> int:
        before = serving.statistics().cache_misses
        served(serving.serve(asked(**how), now=50.0))  # type: ignore[arg-type]  # only texts are given
        return serving.statistics().cache_misses - before

    assert misses_for_one_fetch() == 1
    assert misses_for_one_fetch() == 0
    house.put(replace(ALICE))
    assert misses_for_one_fetch() == 0, "an equal record is no change"
    house.put(replace(ALICE, display_name="Bob"))
    assert misses_for_one_fetch() == 1
    house.tenants["acme"] = replace(ACME, placeholders={"Language": "French"})
    assert misses_for_one_fetch() == 1
    house.servers["pbx-a"] = Server("pbx-a", "sip:pbx-b.example.net")
    assert misses_for_one_fetch() == 1
    assert misses_for_one_fetch(host="10.0.0.1") == 1
    assert misses_for_one_fetch() == 0
    serving.apply(
        load_templates(read_shipped_templates(), {}),
        settings=Provisioning(placeholders={"VLANID": "7"}),
        keep_alive=KeepAlive(),
        sip=Sip(),
    )
    assert misses_for_one_fetch() == 1


def test_a_stranger_is_not_cached(house: House) -> None:
    serving = provisioner(house)
    serving.serve(asked(f"{STRANGER}.cfg"), now=50.0)
    assert serving.statistics().cached_bytes == 0


def test_what_was_served_and_refused_is_counted(house: House) -> None:
    serving = provisioner(house)
    serving.serve(asked(), now=50.0)
    serving.serve(asked(), now=1000.0)
    serving.serve(asked("x"), now=50.0)
    counted = serving.statistics()
    assert counted.served == {"complete": 1, "stripped": 1}
    assert counted.refused == {"no such file": 1}


PASSWORD_LETTERS = "αβγδ♠♣♥"  # none of which any other value holds
texts = st.text(st.characters(exclude_characters=PASSWORD_LETTERS), max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    password=st.text(st.sampled_from(PASSWORD_LETTERS), min_size=4, max_size=20),
    display_name=texts,
    name=st.one_of(texts, st.just(f"{MAC}.cfg")),
    tenant=texts,
    user_agent=texts,
    secret=texts,
    source=st.one_of(texts, st.just(INSIDE)),
    kind=st.sampled_from(FileKind),
)
def test_no_request_without_proof_ever_yields_a_secret(
    *,
    password: str,
    display_name: str,
    name: str,
    tenant: str,
    user_agent: str,
    secret: str,
    source: str,
    kind: FileKind,
) -> None:
    house = House()
    house.put(replace(ALICE, sip_password=SEALER.seal(password), display_name=display_name, armed_until=0.0))
    request = FileRequest(kind, tenant, name, source, user_agent, secret, "192.0.2.9")
    answer = provisioner(house).serve(request, now=50.0)
    if isinstance(answer, ServedFile):
        assert password.encode() not in answer.body
        assert SECRET.encode() not in answer.body
        assert (answer.secret_inside, answer.with_secret) == (False, False)


def test_what_an_operator_wrote_in_place_of_a_file_is_served_as_it_is_to_whoever_proves_himself(
    house: House,
) -> None:
    house.write(file_path(f"{MAC}.cfg"), "a=1\nsystem/password=rosebud\n")
    made = provisioner(house)
    complete = served(made.serve(asked(secret=SECRET), now=50.0))
    assert (complete.body, complete.template_name) == (b"a=1\nsystem/password=rosebud\n", INSTEAD)
    house.put(replace(ALICE, armed_until=0.0))
    stripped = served(made.serve(asked(), now=50.0))
    assert b"rosebud" not in stripped.body
    assert b"a=1" not in stripped.body
    house.write(file_path(f"{MAC}.cfg"), "")
    assert b"voip/line/0/id=2041" in served(made.serve(asked(secret=SECRET), now=50.0)).body


def test_a_file_of_any_other_name_is_everybodys_and_may_hold_no_secret(house: House) -> None:
    house.write(file_path("ring_tones.cfg"), "tones/1=bell\n")
    house.write(file_path("ldap.cfg"), "system/ldap/password=rosebud\n")
    made = provisioner(house)
    assert served(made.serve(asked("Ring_Tones.cfg"), now=50.0)).body == b"tones/1=bell\n"
    refused = made.serve(asked("ldap.cfg"), now=50.0)
    assert isinstance(refused, Refusal)
    assert refused.reason == "secret in a public file"


def test_a_complete_file_is_a_new_version_until_the_phone_was_given_it(house: House) -> None:
    made = provisioner(house)
    file = served(made.serve(asked(secret=SECRET), now=50.0))
    assert file.made
    assert unpack(file.made.body, SEALER.open) == file.body
    house.given[MAC] = FileVersion(MAC, 1, file.made.digest, 50.0, file.made.made_by)
    assert served(made.serve(asked(secret=SECRET), now=60.0)).made is None
    assert served(made.serve(asked(f"{STRANGER}.cfg"), now=60.0)).made is None


def test_a_vendors_phone_gets_its_file_in_its_own_syntax_and_under_its_own_name(house: House) -> None:
    yealink, poly = Mac("805ec0112233"), Mac("64167f000001")
    house.put(replace(ALICE, mac=yealink, model="T46S"))
    house.put(replace(ALICE, mac=poly, model="VVX411", number="2042", firmware="3111-48450-001.sip.ld"))
    made = provisioner(house)

    def body(name: str, agent: str) -> str:
        return served(made.serve(asked(name, user_agent=agent), now=50.0)).body.decode()

    of_yealink = "Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33"
    assert body(f"{yealink}.cfg", of_yealink).startswith("#!version:1.0.0.1\n")
    assert "rosebud" in body(f"{yealink}.cfg", of_yealink)
    assert body("y000000000066.cfg", of_yealink).startswith("#!version")
    of_poly = "FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:64167F000001) Type/Application"
    assert "http://192.0.2.9:8081/firmwarefiles/3111-48450-001.sip.ld" in body(f"{poly}.cfg", of_poly)
    assert 'reg.1.auth.password="rosebud"' in body(f"{poly}-ringkeeper.cfg", of_poly)


def test_the_file_that_binds_a_phone_can_be_an_operators_text(house: House) -> None:
    house.write(
        "dhcpoption160", "provisioning/method=STATIC\nprovisioning/firmware/url=<HTTP_OR_S>://<IP_ADDRESS>/fw/\n"
    )
    file = served(provisioner(house).serve(asked("dhcpoption160.cfg", kind=FileKind.SYSTEM, tenant=""), now=50.0))
    assert file.body == b"provisioning/method=STATIC\nprovisioning/firmware/url=http://192.0.2.9:8081/fw/\n"


def test_files_made_ahead_are_found_when_the_phone_asks(house: House) -> None:
    made = provisioner(house, Provisioning(server="prov.example.net"))
    house.known[MAC].source = INSIDE
    made.prepare(house.known[MAC])
    served(made.serve(asked(secret=SECRET, host="x"), now=50.0))
    assert made.statistics().cache_hits == 1


def test_what_a_phone_left_here_comes_back_to_that_phone_alone(house: House) -> None:
    yealink = Mac("805ec0112233")
    house.put(replace(ALICE, mac=yealink, model="T46S", armed_until=0.0))
    house.write(left_path(yealink, f"{yealink}-local.cfg"), "linekey.1.value = 2042\n")
    made, agent = provisioner(house), "Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33"
    secret = SEALER.device_secret(yealink, 0)
    file = served(made.serve(asked(f"{yealink}-local.cfg", user_agent=agent, secret=secret), now=50.0))
    assert (file.body, file.secret_inside) == (b"linekey.1.value = 2042\n", True)
    without = made.serve(asked(f"{yealink}-local.cfg", user_agent=agent), now=50.0)
    assert isinstance(without, Refusal)
    house.known[yealink].blocked = "blocked: the licence is for 1 devices"
    assert isinstance(made.serve(asked(f"{yealink}-local.cfg", user_agent=agent, secret=secret), now=50.0), Refusal)


def test_the_company_directory_is_for_those_who_come_from_a_network_of_the_tenant(house: House) -> None:
    made = provisioner(house)
    assert served(made.serve(asked("directory-acme.cfg"), now=50.0)).body == b"Alice,2041\n"
    outside = made.serve(asked("directory-acme.cfg", source=OUTSIDE), now=50.0)
    assert isinstance(outside, Refusal)


def test_what_tenant_and_site_put_in_reaches_the_files_and_a_changed_line_makes_them_anew(house: House) -> None:
    made = provisioner(house)
    house.write(lines_path("acme"), "system/extra/tenant=1")
    house.write(lines_path("acme", "hq"), "system/extra/site=1")
    lines = keys(served(made.serve(asked(), now=50.0)))
    assert (lines["system/extra/tenant"], lines["system/extra/site"]) == ("1", "1")
    assert b"system/extra" not in served(made.serve(asked(global_name("420HD")), now=50.0)).body
    house.write(lines_path("acme", "hq"), "system/extra/site=2")
    assert keys(served(made.serve(asked(), now=50.0)))["system/extra/site"] == "2"


def test_a_complete_file_stays_when_the_window_closes(house: House) -> None:
    made = provisioner(house)
    first = served(made.serve(asked(secret=SECRET), now=50.0))
    house.put(replace(ALICE, armed_until=0.0))
    assert served(made.serve(asked(secret=SECRET), now=60.0)).body == first.body
    assert made.statistics().cache_hits == 1
