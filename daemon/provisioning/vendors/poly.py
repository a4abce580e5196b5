"""Poly, formerly Polycom: SoundPoint and SoundStation, VVX, Trio, CCX and Edge E, with UC Software.

Evidence: the vendor's administrator's guides for UC Software, and what public provisioners publish of the phones'
requests. What is known of each table stands in docs/vendors.md. User-Agents:

    FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:64167F000000) Type/Application
    FileTransport PolycomRealPresenceTrio-Trio_8800-UA/7.2.2.1094 Type/Application
    FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Updater

The serial number is the MAC; it is there if the phone's settings say so. The updater, which runs before the phone's
software, names its own version.

A phone asks for its master file, `<mac>.cfg` or else `000000000000.cfg`, which names its other files. Ours sends
every phone to `<mac>-ringkeeper.cfg`, so it is the same for all and holds no secret. What somebody sets at the phone
or in its pages comes back by PUT, as `<mac>-phone.cfg` and `<mac>-web.cfg`. Not here: what a shipped template sets
(`shipped/poly.xml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from xml.sax.saxutils import quoteattr

from daemon.errors import Refused
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

_USER_AGENT = re.compile(
    r"(?:FileTransport )?(?P<brand>Poly(?:com)?)[A-Za-z]{2,32}-(?P<model>[A-Za-z0-9_]{2,32})-UA/"
    r"(?P<firmware>\d{1,3}(?:\.\d{1,6}){1,4})(?: \(SN:(?P<mac>[0-9A-Fa-f]{1,17})\))?(?P<rest>(?: [!-~]{1,100})*)\Z"
)
_UPDATER = "Type/Updater"

_KEY = re.compile(r"(?!(?i:xml))[A-Za-z_][A-Za-z0-9_.-]{0,255}")  # a name in XML; those in xml… are XML's own

_OWN = "-ringkeeper.cfg"
_ITS_FILE = re.compile(
    r"(?!0{12})(?P<mac>[0-9A-Fa-f]{12})"
    r"(?P<rest>\.cfg|-ringkeeper\.cfg|-phone\.cfg|-web\.cfg|-license\.cfg|-directory\.xml|-calls\.xml|-boot\.log|-app\.log)\Z"
)
_ROLES: Mapping[str, Role] = MappingProxyType(
    {
        ".cfg": Role.MASTER,
        _OWN: Role.DEVICE,
        "-phone.cfg": Role.OVERRIDES,
        "-web.cfg": Role.OVERRIDES,
        "-license.cfg": Role.LICENCE,
        "-directory.xml": Role.DIRECTORY,
        "-calls.xml": Role.CALLS,
        "-boot.log": Role.LOG,
        "-app.log": Role.LOG,
    }
)
_NOBODYS = re.compile(r"0{12}(\.cfg|-license\.cfg|-directory\.xml)\Z")
# Named by part number, twice over or once (`3111-44500-001.sip.ld`), or by nothing (`sip.ld`).
_FIRMWARE_FILE = re.compile(r"(?:[0-9A-Za-z\-.]{1,80}\.)?(?:sip|bootrom|updater)\.(?:ld|ver)\Z")

# None is said to be missing: a model that is not here is served all the same.
_MODELS = table(
    *(Model(f"SPIP{number}", web_pages=True) for number in (321, 331, 335, 450, 550, 560, 650, 670)),
    *(Model(f"SSIP{number}", web_pages=True) for number in (5000, 6000, 7000)),
    *(
        Model(f"VVX{number}", rest_server=True, web_pages=True)
        for number in (101, 150, 201, 250, 300, 301, 310, 311, 350, 400, 401, 410, 411, 450, 500, 501, 600, 601)
    ),
    *(Model(f"TRIO{number}", rest_server=True, web_pages=True) for number in (8300, 8500, 8800)),
    *(Model(f"CCX{number}", rest_server=True, web_pages=True) for number in (400, 500, 505, 600, 700)),
    *(
        Model(f"EDGEE{number}", rest_server=True, web_pages=True)
        for number in (100, 220, 300, 320, 350, 400, 450, 500, 550)
    ),
)

_REST = "/api/v1/mgmt"

# The phone's own REST server: off unless apps.restapi.enabled says so, and it wants the phone's web login.
# Both resets wait for the end of calls, as their names in the vendor's paths say. A phone that obeys answers
# {"Status": "2000"}; one that does not may answer 200, too, with another code (REST API reference manual).
_TAKEN = '"2000"'


def _command(action: str, path: str) -> PhoneCommand:
    return PhoneCommand(action, "POST", f"{_REST}/{path}", channel=Channel.HTTP, confirmed=True, taken=_TAKEN)


_COMMANDS = actions(
    _command("reset_graceful", "safeReboot"),
    _command("restart_graceful", "safeRestart"),
    _command("update_configuration", "updateConfiguration"),
)

_GUESS = "from the key's name; the guide's own mark for it was not looked up"

_EFFECTS = (
    effect(r"device\.", Effect.REBOOT, _GUESS, confirmed=False),
    effect(r"(?:reg|voIpProt|msg\.mwi)\.", Effect.VOIP_RELOAD, _GUESS, confirmed=False),
    effect(r"tcpIpApp\.sntp\.", Effect.TIME_REFRESH, _GUESS, confirmed=False),
    effect(r"prov\.polling\.", Effect.NONE, _GUESS, confirmed=False),
)

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def _read_user_agent(text: str) -> UserAgent | None:
    found = _USER_AGENT.match(text[:_MAX_USER_AGENT].strip())
    if found is None:
        return None
    model = found["model"].upper().replace("_", "")
    firmware = "" if _UPDATER in found["rest"] else found["firmware"]
    return UserAgent(found["brand"], model, firmware, mac_or_none(found["mac"] or ""))


def _file_role(name: str) -> FileRole | None:
    if found := _ITS_FILE.match(name):
        return FileRole(_ROLES[found["rest"]], parse_mac(found["mac"]))
    if found := _NOBODYS.match(name):
        return FileRole(_ROLES[found[1]])
    return FileRole(Role.FIRMWARE) if _FIRMWARE_FILE.match(name) else None


def _device_file_name(mac: Mac) -> str:
    return f"{mac}{_OWN}"


def _render(lines: Iterable[Setting | Include]) -> bytes:
    """Attributes of one element: these phones heed no other structure. `quoteattr` escapes what would end one."""
    settings = checked_settings(lines, _KEY)
    written = "".join(f"\n    {key}={_quoted(value)}" for key, value in settings.items())
    return f"{_XML}\n<PHONE_CONFIG>\n  <ALL{written}\n  />\n</PHONE_CONFIG>\n".encode()


def _write_master(firmware: str) -> bytes:
    """Says where the settings are; the phone puts its own MAC into the name. `Refused` for a URL that is none."""
    if not re.fullmatch(r"[!-~]{0,255}", firmware):  # the guide's length of a path
        raise Refused(f"not the URL of a firmware file: {firmware[:100]!r}")
    files = f'CONFIG_FILES="[PHONE_MAC_ADDRESS]{_OWN}" MISC_FILES=""'
    folders = 'LOG_FILE_DIRECTORY="" OVERRIDES_DIRECTORY="" CONTACTS_DIRECTORY=""'
    return f"{_XML}\n<APPLICATION APP_FILE_PATH={_quoted(firmware)} {files} {folders}/>\n".encode()


def _quoted(value: str) -> str:
    return quoteattr(value, {'"': "&quot;"})


POLY = Vendor(
    name="poly",
    title="Poly",
    template="poly",
    ouis=("0004f2", "482567", "64167f"),
    dhcp_options=(160, 66, 43),
    url_options=(160, 66),
    content_type="application/xml",
    resync=Resync(restart="", fetch="", chooses=False),
    models=_MODELS,
    commands=_COMMANDS,
    effects=_EFFECTS,
    read_user_agent=_read_user_agent,
    file_role=_file_role,
    device_file_name=_device_file_name,
    render=_render,
    web_user="Polycom",
    write_master=_write_master,
)
