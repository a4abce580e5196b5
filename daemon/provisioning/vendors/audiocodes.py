"""AudioCodes: the 400HD series and its successors, and the brands they are sold under.

Evidence: the administrator's manuals (LTRT-11950, -11973), the public parameter database of firmware 3.0.4, the
provisioners that publish what phones send them, and the vendor's page on commands in the keep-alive's answer. What
is known of each table stands in docs/vendors.md. User-Agents, one shape per firmware line:

    AUDC-IPPhone/2.2.8.61 (420HD-Rev1; 00908F4867AF)           generic SIP; the revision and the MAC may be missing
    AUDC-IPPhone-440HD_UC_3.0.4.123/1.0.0000.0                 Skype for Business
    AUDC/3.4.4.1000 AUDC-IPPhone-450HD_UC_3.4.4.1000/1         3.4.x
    Genesys /2.2.16 (420HDG-Rev2-AC494; 00908F4867AF)          a vendor's brand

Not here: `dhcpoption160.cfg` and includes of the global file (`daemon.provisioning.render`), and the headers of
firmware files (`audiocodes_image`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

from daemon.fleet.model import Mac, mac_or_none, parse_mac
from daemon.provisioning.vendors.audiocodes_image import read_image_header
from daemon.provisioning.vendors.syntax import Include, Setting, checked
from daemon.provisioning.vendors.vendor import (
    Effect,
    FileRole,
    ImageHeader,
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

_MAX_USER_AGENT = 256  # characters looked at; the longest seen is under 80

_UC = re.compile(r"(?P<brand>[A-Za-z0-9]{1,32})-IPPhone-(?P<model>[A-Za-z0-9]{1,32})_UC_(?P<firmware>[\w.\-]{1,64})/")
_PARENTHESES = re.compile(
    r"(?P<brand>[A-Za-z0-9]{1,32})(?:-IPPhone)? ?/ ?(?P<firmware>[\w.\-]{1,64})"
    r" ?\((?P<model>[A-Za-z0-9]{1,32})(?:-[\w\-]{1,64})?(?: ?; ?(?P<mac>[0-9A-Fa-f:.\-]{12,17}))? ?\)"
)
_BARE = re.compile(r"(?P<brand>AUDC)(?:-IPPhone)? ?/ ?(?P<firmware>[\w.\-]{1,64})")
# Under another brand only the model tells that it is one of AudioCodes' phones.
_OWN_BRAND = "AUDC"
_MODEL_SHAPE = re.compile(r"(?:C?\d{3}HD[A-Z]?|RX[A-Z]?\d{1,3})\Z", re.IGNORECASE)

_KEY = re.compile(r"[A-Za-z0-9_./%-]{1,256}")

_DEVICE_FILE = re.compile(r"(?!0{12})([0-9A-Fa-f]{12})\.cfg\Z")
_SHARED_FILE = re.compile(r"Audiocodes_([A-Za-z0-9]{2,16})_global_(?:GENERIC|LYNC)_empty\.cfg\Z", re.IGNORECASE)
_FIRST_FILE = "dhcpoption160.cfg"
_FIRMWARE_FILE = re.compile(r"([A-Za-z0-9]{1,32})[\w.+\-]{0,90}\.(?:img|dfu)\Z", re.IGNORECASE)

# Lines: as many as the parameter database has keys for. The others are not in it.
_MODELS = table(
    Model("310HD", web_pages=True),
    Model("320HD", web_pages=True),
    Model("405", rest_server=True, web_pages=True),
    Model("405HD", lines=6, rest_server=True, web_pages=True),
    Model("420HD", rest_server=True, web_pages=True),
    Model("425HD", web_pages=True),
    Model("430HD", rest_server=True, web_pages=True),
    Model("440HD", lines=6, rest_server=True, web_pages=True),
    Model("445HD", web_pages=True),
    Model("450HD", lines=8, rest_server=True, web_pages=True),
    Model("C435HD"),
    # Made for Teams, these run neither; with generic SIP firmware a C450HD has pages.
    Model("C448HD", rest_server=False, web_pages=False),
    Model("C450HD"),
    Model("C455HD"),
    Model("C470HD", rest_server=False, web_pages=False),
    Model("RX50"),
)

_HANDLERS = "/rest/v1/command"

# The vendor's example has this field besides those of its digest; its unit is not public, so we ask for no time.
_AT_ONCE = MappingProxyType({"schedulePeriod": "0"})

# Only the first path is public. The others follow its pattern from the names in the vendor's own screens.
_COMMANDS = actions(
    PhoneCommand("reset_graceful", "POST", f"{_HANDLERS}/ResetGracefulHandler", _AT_ONCE, confirmed=True),
    PhoneCommand("reset_force", "POST", f"{_HANDLERS}/ResetForceHandler"),
    PhoneCommand("update_configuration", "POST", f"{_HANDLERS}/UpdateConfigurationHandler"),
    PhoneCommand("update_firmware", "POST", f"{_HANDLERS}/UpdateFirmwareHandler"),
    PhoneCommand("check_status", "POST", f"{_HANDLERS}/CheckStatusHandler"),
    PhoneCommand("delete_status", "POST", f"{_HANDLERS}/DeleteStatusHandler"),
    PhoneCommand("change_tenant", "POST", f"{_HANDLERS}/ChangeTenantHandler"),
    PhoneCommand("send_message", "POST", f"{_HANDLERS}/SendMessageHandler"),
    PhoneCommand("telnet", "POST", f"{_HANDLERS}/TelnetHandler"),
)

_DATABASE = "attribute of the key in the parameter database of firmware 3.0.4"

# Ours, for the keys that our templates write. First entry that fits.
_EFFECTS = (
    effect(r"provisioning/method\Z", Effect.REBOOT, _DATABASE),
    effect(r"provisioning/(?:configuration|firmware)/url\Z", Effect.REBOOT, _DATABASE),
    effect(r"provisioning/(?:period/|random_provisioning_time\Z)", Effect.NONE, _DATABASE),
    effect(r"network/lan/(?:vlan|fixed_ip|_802_1x)/", Effect.REBOOT, _DATABASE),
    effect(r"security/[^/]*_uri\Z", Effect.REBOOT, _DATABASE),
    effect(r"system/type\Z", Effect.REBOOT, _DATABASE),
    effect(r"personal_settings/language\Z", Effect.REBOOT, _DATABASE),
    effect(r"voip/regional_settings/", Effect.REBOOT, _DATABASE),
    effect(r"voip/line/\d+/enabled\Z", Effect.REBOOT, _DATABASE),
    effect(r"voip/(?:line/\d+|signalling/sip)/", Effect.VOIP_RELOAD, _DATABASE),
    effect(r"voip/", Effect.VOIP_RELOAD, "as the rest of voip/; the key itself was not looked up", confirmed=False),
    effect(r"system/syslog/", Effect.LOG_RELOAD, _DATABASE),
    effect(r"system/user_name\Z", Effect.UI_RELOAD, _DATABASE),
    effect(r"system/(?:ntp|daylight_saving)/", Effect.TIME_REFRESH, _DATABASE),
    effect(r"ems_server/", Effect.NONE, _DATABASE),
)


def _read_user_agent(text: str) -> UserAgent | None:
    text = text[:_MAX_USER_AGENT].strip()
    if found := _UC.search(text):
        return UserAgent(found["brand"], found["model"].upper(), found["firmware"])
    if (found := _PARENTHESES.match(text)) and (found["brand"] == _OWN_BRAND or _MODEL_SHAPE.match(found["model"])):
        return UserAgent(found["brand"], found["model"].upper(), found["firmware"], mac_or_none(found["mac"] or ""))
    if found := _BARE.match(text):
        return UserAgent(found["brand"], "", found["firmware"])
    return None


def _file_role(name: str) -> FileRole | None:
    """The phones write MACs in either case, by firmware line."""
    if found := _DEVICE_FILE.match(name):
        return FileRole(Role.DEVICE, parse_mac(found[1]))
    if found := _SHARED_FILE.match(name):
        return FileRole(Role.SHARED, model=found[1].upper())
    if name.lower() == _FIRST_FILE:
        return FileRole(Role.FIRST)
    if found := _FIRMWARE_FILE.match(name):
        model = found[1].upper()
        return FileRole(Role.FIRMWARE, model=model if model in _MODELS else "")
    return None


def _device_file_name(mac: Mac) -> str:
    return f"{mac}.cfg"


def _render(lines: Iterable[Setting | Include]) -> bytes:
    """`path/to/key=value` and `include name`, a line each. There is no escaping in this syntax, and none is needed."""
    written = (
        f"include {line.name}\n" if isinstance(line, Include) else f"{line.key}={line.value}\n"
        for line in checked(lines, _KEY)
    )
    return "".join(written).encode()


def _read_image_header(first_bytes: bytes) -> ImageHeader | None:
    return read_image_header(first_bytes, _MODELS)


AUDIOCODES = Vendor(
    name="audiocodes",
    title="AudioCodes",
    template="generic",
    ouis=("00908f",),
    dhcp_options=(160, 66, 67, 43),
    url_options=(160, 66),
    splits_option=True,
    content_type="text/plain; charset=utf-8",
    resync=Resync(),
    models=_MODELS,
    commands=_COMMANDS,
    effects=_EFFECTS,
    read_user_agent=_read_user_agent,
    file_role=_file_role,
    device_file_name=_device_file_name,
    render=_render,
    includes=True,
    read_image_header=_read_image_header,
)
