"""What to write into a DHCP server so that phones find us: snippets for ISC dhcpd, dnsmasq and Kea.

AudioCodes' phones look for option 160, then for 66, which takes the same form: two addresses joined by a semicolon.
Several DHCP servers, shells and mail programs cut a line there, so every snippet quotes it. Phones are told apart by
the first half of their MAC. Other vendors' phones take one folder, and put file names of their own behind it. Not
here: the URLs themselves (`urls`), which options a vendor's phones read (`vendors`), printing (`daemon.cli`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daemon.errors import Refused
from daemon.provisioning.urls import Address, Form, pair_of_option
from daemon.provisioning.vendors.registry import VENDORS
from daemon.provisioning.vendors.vendor import Vendor

_TFTP_SERVER_NAME = 66  # RFC 2132; every server knows it by this name
_NAMES = {160: "ringkeeper-url", _TFTP_SERVER_NAME: "tftp-server-name"}
ALL = "all"
VENDOR_NAMES = (*(vendor.name for vendor in VENDORS), ALL)


@dataclass(frozen=True, slots=True)
class _Handout:
    """A vendor's phones and what they are told."""

    vendor: Vendor
    url: str

    @property
    def group(self) -> str:
        """What the snippet calls them."""
        return f"{self.vendor.name}-phones"


def snippets(server: str, address: Address, vendor: str = "audiocodes") -> str:
    """The configuration text for `server` ("isc", "dnsmasq" or "kea") and the phones of `vendor`, or of "all".

    `Refused` for another server or vendor, and for a direct URL, which is no DHCP server's business.
    """
    if server not in _WRITERS:
        raise Refused(f"no snippet for {server!r}: there is one for {', '.join(SERVERS)}")
    if vendor not in VENDOR_NAMES:
        raise Refused(f"no snippet for phones of {vendor!r}: there is one for {', '.join(VENDOR_NAMES)}")
    if address.form is Form.DIRECT:
        raise Refused("a direct URL is typed into a phone; for a DHCP server choose zero-touch, region or system")
    wanted = [each for each in VENDORS if vendor in {each.name, ALL}]
    return _WRITERS[server]([_Handout(each, _url(address, each)) for each in wanted])


def _url(address: Address, vendor: Vendor) -> str:
    return address.option() if vendor.splits_option else f"{address.folder().rstrip('/')}/"


def _isc(handouts: Sequence[_Handout]) -> str:
    """`hardware` begins with the hardware type, so the vendor's prefix is bytes 1 to 3."""
    lines = ["# ISC dhcpd: into dhcpd.conf, outside any subnet"]
    lines += [f"option {_name(code)} code {code} = text;" for code in _own_codes(handouts)]
    for each in handouts:
        tests = (f"substring(hardware, 1, 3) = {_colons(oui)}" for oui in each.vendor.ouis)
        lines += [f'class "{each.group}" {{', f"  match if {' or '.join(tests)};"]
        lines += [f'  option {_name(code)} "{each.url}";' for code in each.vendor.url_options]
        lines += ["}"]
    return _text(lines, handouts, "# ")


def _dnsmasq(handouts: Sequence[_Handout]) -> str:
    """The forced form sends an option even to a phone that forgot to ask for it."""
    lines = ["# dnsmasq: into a file below /etc/dnsmasq.d"]
    for each in handouts:
        lines += [f"dhcp-mac=set:{each.group},{_colons(oui).upper()}:*:*:*" for oui in each.vendor.ouis]
        lines += [f'dhcp-option-force=tag:{each.group},{code},"{each.url}"' for code in each.vendor.url_options]
    return _text(lines, handouts, "# ")


def _kea(handouts: Sequence[_Handout]) -> str:
    """Whole and valid by itself; `always-send` is Kea's word for the forced form."""
    block = {
        "option-def": [
            {"name": _name(code), "code": code, "space": "dhcp4", "type": "string"} for code in _own_codes(handouts)
        ],
        "client-classes": [
            {
                "name": each.group,
                "test": " or ".join(f"substring(pkt4.mac,0,3) == 0x{oui.upper()}" for oui in each.vendor.ouis),
                "option-data": [
                    {"name": _name(code), "data": each.url, "always-send": True} for code in each.vendor.url_options
                ],
            }
            for each in handouts
        ],
    }
    lines = ["// Kea: merge into the Dhcp4 block of kea-dhcp4.conf", json.dumps({"Dhcp4": block}, indent=2)]
    return _text(lines, handouts, "// ")


_WRITERS: Mapping[str, Callable[[Sequence[_Handout]], str]] = {"isc": _isc, "dnsmasq": _dnsmasq, "kea": _kea}
SERVERS = tuple(_WRITERS)


def _text(lines: list[str], handouts: Sequence[_Handout], comment: str) -> str:
    """With a remark for servers whose 66 takes no path."""
    for each in handouts:
        if each.vendor.splits_option:
            server, names = pair_of_option(each.url)
            lines.insert(1, f'{comment}If your 66 takes a server only: 66 "{server}" with 67 "{names}" says the same.')
    return "\n".join(lines) + "\n"


def _own_codes(handouts: Sequence[_Handout]) -> list[int]:
    """Options that no server knows by name."""
    return sorted({code for each in handouts for code in each.vendor.url_options} - {_TFTP_SERVER_NAME})


def _name(code: int) -> str:
    return _NAMES.get(code, f"ringkeeper-url-{code}")


def _colons(oui: str) -> str:
    return ":".join((oui[:2], oui[2:4], oui[4:]))
