"""What to tell a DHCP server: the option 160 URLs, and snippets for the three servers in use.

Option 160 holds two addresses joined by a semicolon: left of it the firmware folder, right of it the configuration
(AudioCodes' administrator manuals). Several DHCP servers, shells and mail programs cut a line there, so every snippet
quotes it. The phones also read option 66, which takes the same form. Not here: printing them (`daemon.cli`).
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from daemon.errors import Refused

# Scheme, host and perhaps a port: nothing that could end a quoted string in any of the snippets.
_BASE = re.compile(r"https?://(?:[A-Za-z0-9_.-]{1,100}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")

SERVERS = ("isc", "dnsmasq", "kea")


def system_url(base: str) -> str:
    """For phones that are to wait for approval: they learn our address and nothing else."""
    return f"{_checked(base)}/firmwarefiles;ipp/dhcpoption160.cfg"


def tenant_url(base: str, tenant: str) -> str:
    """Zero touch: the phone belongs to this tenant from its first request on. The phone adds `/<MAC>.cfg`."""
    return f"{_checked(base)}/firmwarefiles;ipp/tenant/{quote(tenant, safe='')}"


def snippets(server: str, url: str, tenant: str = "") -> str:
    """The configuration text for `server` ("isc", "dnsmasq" or "kea").

    `url` is how phones address us, e.g. `http://prov.example.net:8081`; without a tenant the text holds the system
    URL. `Refused` for another server, or a URL that is no bare scheme, host and port.
    """
    option = tenant_url(url, tenant) if tenant else system_url(url)
    if server == "isc":
        return _isc(option)
    if server == "dnsmasq":
        return _dnsmasq(option)
    if server == "kea":
        return _kea(option)
    raise Refused(f"no snippet for {server!r}: there is one for {', '.join(SERVERS)}")


def _isc(option: str) -> str:
    """`hardware` begins with the hardware type, so the vendor prefix is bytes 1 to 3."""
    return f"""\
# ISC dhcpd: into dhcpd.conf, outside any subnet
option ringkeeper-url code 160 = text;
class "audiocodes-phones" {{
  match if substring(hardware, 1, 3) = 00:90:8f;
  option ringkeeper-url "{option}";
  option tftp-server-name "{option}";
}}
"""


def _dnsmasq(option: str) -> str:
    """The forced form sends an option even to a phone that forgot to ask for it."""
    return f"""\
# dnsmasq: into a file below /etc/dnsmasq.d
dhcp-mac=set:audiocodes-phones,00:90:8F:*:*:*
dhcp-option-force=tag:audiocodes-phones,160,"{option}"
dhcp-option-force=tag:audiocodes-phones,66,"{option}"
"""


def _kea(option: str) -> str:
    """Whole and valid by itself; `always-send` is Kea's word for the forced form."""
    data = [{"name": name, "data": option, "always-send": True} for name in ("ringkeeper-url", "tftp-server-name")]
    block = {
        "option-def": [{"name": "ringkeeper-url", "code": 160, "space": "dhcp4", "type": "string"}],
        "client-classes": [
            {"name": "audiocodes-phones", "test": "substring(pkt4.mac,0,3) == 0x00908F", "option-data": data}
        ],
    }
    return f"// Kea: merge into the Dhcp4 block of kea-dhcp4.conf\n{json.dumps({'Dhcp4': block}, indent=2)}\n"


def _checked(base: str) -> str:
    bare = base.removesuffix("/")
    if not _BASE.match(bare):
        raise Refused(f"not an address of ours: {base!r}; write it like http://prov.example.net:8081")
    return bare
