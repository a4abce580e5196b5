"""Yealink: the SIP-T and CP series and the DECT bases.

Evidence: the vendor's auto-provisioning and administrator's guides, and what public provisioners publish of the
phones' requests. What is known of each table stands in docs/vendors.md. User-Agents:

    Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33
    Yealink SIP VP-T49G 51.80.0.10 00:15:65:11:22:33
    Yealink W60B 77.81.0.35 80:5e:c0:11:22:33                  DECT bases and conference phones
    Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0                   an older line: a hardware version where the MAC would be
    W52P 25.30.0.2 00:15:65:11:22:33                           older still

A phone asks for `<mac>.boot`, `y000000000000.boot`, then for the file its model shares (`y` and twelve digits) and for
`<mac>.cfg`. It needs neither boot file. Not here: what a shipped template sets (`shipped/yealink.xml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from daemon.fleet.model import Mac, mac_or_none, parse_mac
from daemon.provisioning.vendors.syntax import Include, Setting, checked_settings
from daemon.provisioning.vendors.vendor import (
    Channel,
    Effect,
    FileRole,
    Model,
    PhoneCommand,
    Resync,
    Role,
    UserAgent,
    Vendor,
    actions,
    effect,
    table,
)

_MAX_USER_AGENT = 256

_MAC = r"(?P<mac>[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){5})"
_NAMED = re.compile(
    r"yealink[ -](?:SIP[ -])?(?:VP-)?(?P<model>[A-Za-z]{1,2}\d{2,4}[A-Za-z]{0,2}(?:_E\d)?) {1,3}"
    rf"(?P<firmware>\d{{1,3}}(?:\.\d{{1,5}}){{2,4}})(?: {{1,3}}(?:{_MAC}|[\d.]{{1,40}}))?\Z",
    re.IGNORECASE,
)
_UNNAMED = re.compile(rf"(?P<model>VP530P?|W52P|W60B) (?P<firmware>\d{{1,3}}(?:\.\d{{1,5}}){{2,4}}) {_MAC}\Z")

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_FIRST_LINE = "#!version:1.0.0.1"  # must stand there as it is (auto-provisioning guide)
_UNSET = "%NULL%"  # a value left blank leaves what was there; this one takes it away

_ITS_FILE = re.compile(r"(?!0{12})(?P<mac>[0-9A-Fa-f]{12})(?P<rest>\.cfg|-local\.cfg|\.boot|-contact\.xml)\Z")
_ROLES: Mapping[str, Role] = MappingProxyType(
    {
        ".cfg": Role.DEVICE,
        "-local.cfg": Role.OVERRIDES,
        ".boot": Role.MASTER,
        "-contact.xml": Role.DIRECTORY,
    }
)
_SHARED_FILE = re.compile(r"y(\d{12})\.(cfg|boot)\Z")
_FIRMWARE_FILE = re.compile(r"[\w.+()\-]{1,120}\.rom\Z")

# Model -> the number in the name of the file that it shares.
_SHARED_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "T19PE2": 53,
        "T21PE2": 52,
        "T23G": 44,
        "T23P": 44,
        "T27G": 69,
        "T27P": 45,
        "T29G": 46,
        "T31G": 123,
        "T31P": 123,
        "T33G": 124,
        "T40G": 76,
        "T40P": 54,
        "T41P": 36,
        "T41S": 68,
        "T42G": 29,
        "T42S": 67,
        "T42U": 116,
        "T43U": 107,
        "T46G": 28,
        "T46S": 66,
        "T46U": 108,
        "T48G": 35,
        "T48S": 65,
        "T48U": 109,
        "T49G": 51,
        "T52S": 74,
        "T53": 95,
        "T53W": 95,
        "T54S": 70,
        "T54W": 96,
        "T57W": 97,
        "T58": 58,
        "W52P": 25,
        "W60B": 77,
        "CP860": 37,
        "CP920": 78,
        "CP960": 73,
    }
)
_LINES: Mapping[str, int] = MappingProxyType(
    {
        "T19PE2": 1,
        "T21PE2": 2,
        "T23G": 3,
        "T23P": 3,
        "T27G": 6,
        "T40G": 3,
        "T40P": 3,
        "T41S": 6,
        "T42S": 12,
        "T46S": 16,
        "T48S": 16,
        "T52S": 12,
        "T53": 12,
        "T53W": 12,
        "T54S": 16,
        "T54W": 16,
        "T57W": 16,
        "T58": 16,
        "CP920": 1,
        "CP960": 1,
    }
)
_MODELS = table(*(Model(name, _LINES.get(name), rest_server=False, web_pages=True) for name in _SHARED_NUMBERS))

# The vendor calls it Action URI: a GET that says all in its path. A phone takes it only from the addresses in its
# setting features.action_uri_limit_ip, and with its own web login.
_COMMANDS = actions(
    PhoneCommand("reset_force", "GET", "/servlet?key=Reboot", channel=Channel.HTTP, confirmed=True),
    PhoneCommand("update_configuration", "GET", "/servlet?key=AutoP", channel=Channel.HTTP, confirmed=True),
)

_GUIDE = "auto-provisioning guide: network settings need a restart"
_GUESS = "from the key's name; no table of this vendor's was found"

_EFFECTS = (
    effect(r"static\.network\.", Effect.REBOOT, _GUIDE),
    effect(r"static\.auto_provision\.", Effect.NONE, _GUESS, confirmed=False),
    effect(r"account\.|sip\.|voice_mail\.", Effect.VOIP_RELOAD, _GUESS, confirmed=False),
    effect(r"lang\.|linekey\.|phone_setting\.", Effect.UI_RELOAD, _GUESS, confirmed=False),
    effect(r"local_time\.", Effect.TIME_REFRESH, _GUESS, confirmed=False),
)


def _read_user_agent(text: str) -> UserAgent | None:
    text = text[:_MAX_USER_AGENT].strip()
    found = _NAMED.match(text) or _UNNAMED.match(text)
    if found is None:
        return None
    model = found["model"].upper().replace("_", "")
    return UserAgent("Yealink", model, found["firmware"], mac_or_none(found["mac"] or ""))


def _file_role(name: str) -> FileRole | None:
    if found := _ITS_FILE.match(name):
        return FileRole(_ROLES[found["rest"]], parse_mac(found["mac"]))
    if found := _SHARED_FILE.match(name):
        role = Role.SHARED if found[2] == "cfg" else Role.MASTER
        return FileRole(role, model=_model_sharing(int(found[1])))
    return FileRole(Role.FIRMWARE) if _FIRMWARE_FILE.match(name) else None


def _model_sharing(number: int) -> str:
    """The one model whose shared file has this number; "" for none, and for several."""
    models = [model for model, its in _SHARED_NUMBERS.items() if its == number]
    return models[0] if len(models) == 1 else ""


def _device_file_name(mac: Mac) -> str:
    return f"{mac}.cfg"


def _render(lines: Iterable[Setting | Include]) -> bytes:
    """`key = value`, a line each. There is no escaping in this syntax, and none is needed."""
    settings = checked_settings(lines, _KEY)
    written = (f"{key} = {value or _UNSET}\n" for key, value in settings.items())
    return f"{_FIRST_LINE}\n{''.join(written)}".encode()


YEALINK = Vendor(
    name="yealink",
    title="Yealink",
    template="yealink",
    ouis=("001565", "249ad8", "44dbd2", "805e0c", "805ec0", "c4fc22"),
    dhcp_options=(160, 66, 43),
    url_options=(160, 66),
    content_type="text/plain; charset=utf-8",
    resync=Resync(),
    models=_MODELS,
    commands=_COMMANDS,
    effects=_EFFECTS,
    read_user_agent=_read_user_agent,
    file_role=_file_role,
    device_file_name=_device_file_name,
    render=_render,
    web_user="admin",
)
