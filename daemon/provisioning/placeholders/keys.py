"""What values the keys take that our templates write, so that a slip is seen before a phone sees it.

Our own table, from the public parameter database of firmware 3.0.4 and the administrator's manuals; a key that is not
in it is not judged. Not here: what a change of a key triggers (`vendors.audiocodes`).
"""

from __future__ import annotations

import re

from daemon.provisioning.placeholders.kinds import (
    ADDRESS,
    FLAG,
    PORT,
    PORT_OR_NONE,
    SWITCH,
    TIME,
    Choice,
    Kind,
    Text,
    Whole,
)
from daemon.provisioning.placeholders.known import KNOWN

_URL = Text(128)
_CLOCK = r"system/daylight_saving/(?:start|end)_date"
_SIP = "voip/signalling/sip"
_LINE = "voip/line/[0-7]"

# First entry that fits the whole key.
_KEYS: tuple[tuple[str, Kind], ...] = (
    ("provisioning/method", Choice(("Disable", "Dynamic", "Static"))),
    ("provisioning/(?:configuration|firmware)/(?:dynamic_)?url", _URL),
    (r"provisioning/(?:ring_tone|corporate_directory|speed_dial)_uri", _URL),
    ("provisioning/period/type", KNOWN["ProvisioningPeriod"].kind),
    ("provisioning/period/hourly/hours_interval", Whole(1, 65535)),
    ("provisioning/period/(?:daily|weekly)/time", TIME),
    ("provisioning/random_provisioning_time", Whole(0, 65535)),
    ("security/provisioning/verify_server_certificate", FLAG),
    ("ems_server/keep_alive_period", Whole(0, 300)),
    ("ems_server/(?:provisioning/url|user_name|user_password)", Text(128)),
    ("personal_settings/language", KNOWN["Language"].kind),
    ("voip/regional_settings/selected_country", Text(32)),
    ("network/lan/dhcp/ntp/(?:server_list|gmt_offset)/enabled", FLAG),
    ("system/ntp/enabled", FLAG),
    ("system/ntp/(?:primary|secondary)_server_address", Text(64)),
    ("system/ntp/gmt_offset", KNOWN["GmtOffset"].kind),
    ("network/lan/vlan/mode", KNOWN["VLANMode"].kind),
    ("network/lan/vlan/id", Whole(0, 4096)),
    ("network/lan/vlan/priority", Whole(0, 7)),
    (f"{_SIP}/transport_protocol", KNOWN["SipTransport"].kind),
    (f"{_SIP}/(?:tls_)?port", Whole(1024, 65535)),
    (f"{_SIP}/(?:use_proxy|use_proxy_ip_port_for_registrar|rport/enabled|prack/enabled)", FLAG),
    (f"{_SIP}/proxy_address", ADDRESS),
    (f"{_SIP}/proxy_port", PORT),
    (f"{_SIP}/proxy_timeout", Whole(0, 86400)),
    (f"{_SIP}/proxy_gateway", Text(256)),
    (f"{_SIP}/(?:sip_outbound_proxy|redundant_proxy|redundant_outbound_proxy|sip_registrar)/enabled", FLAG),
    (f"{_SIP}/(?:sip_outbound_proxy|redundant_proxy|redundant_outbound_proxy|sip_registrar)/addr(?:ess)?", ADDRESS),
    (f"{_SIP}/(?:sip_outbound_proxy|redundant_proxy|redundant_outbound_proxy|sip_registrar)/port", PORT_OR_NONE),
    (f"{_SIP}/digit_map", Text(1024)),
    (f"{_SIP}/number_rules", Text(32768)),
    (f"{_SIP}/registration_failed_timeout", Whole(1, 86400)),
    (f"{_SIP}/auth_retries", Whole(0, 100)),
    (f"{_SIP}/tos", Whole(0, 255)),
    (f"{_SIP}/hk_blind_transfer/enabled?", FLAG),
    ("voip/media/srtp/mode", KNOWN["SrtpMode"].kind),
    ("voip/services/msg_waiting_ind/voice_mail_number", Text(64)),
    (f"{_LINE}/enabled", FLAG),
    (f"{_LINE}/(?:id|description|extension_display|auth_name)", Text(128)),
    (f"{_LINE}/auth_password", Text(256)),
    ("system/ldap/(?:call_lookup|sorting_result)", FLAG),
    ("system/ldap/(?:server_address|user_name|password|base)", Text(128)),
    ("system/ldap/(?:(?:name|number)_(?:filter|attrs)|display_name|(?:country|area)_code)", Text(256)),
    ("system/ldap/port", PORT),
    ("system/ldap/max_hits", Whole(1, 1000)),
    ("system/ldap/search_timeout", Whole(1, 65535)),
    ("system/daylight_saving/activate", SWITCH),
    ("system/daylight_saving/mode", KNOWN["DayLightMode"].kind),
    ("system/daylight_saving/offset", Whole(0, 180)),
    (f"{_CLOCK}/month", Whole(1, 12)),
    (f"{_CLOCK}/day", Whole(1, 31)),
    (f"{_CLOCK}/week", Whole(1, 5)),
    (f"{_CLOCK}/day_of_week", KNOWN["DayLightStartWeekDay"].kind),
    (f"{_CLOCK}/hour", Whole(0, 23)),
    (f"{_CLOCK}/minute", Whole(0, 59)),
    ("system/syslog/mode", KNOWN["Syslog_Mode"].kind),
    ("system/syslog/server_address", Text(32)),
    ("system/syslog/server_port", PORT),
    ("system/watchdog/enabled", FLAG),
    ("system/pin_lock/enabled", FLAG),
    ("kernel/cfg/enable_core_dump", FLAG),
    ("management/telnet/enabled", FLAG),
    ("lync/sign_in/fixed_outbound_proxy_address", Text(128)),
    ("lync/sign_in/fixed_outbound_proxy_port", Whole(0, 10000)),
    ("lync/sign_in/use_hosting_outbound_proxy", FLAG),
    ("lync/sign_in/alert_ems_after_web_login_failed_trials", Whole(3, 100)),
    ("lync/calendar/mode", KNOWN["Calendar_Mode"].kind),
)
_TABLE = tuple((re.compile(keys), kind) for keys, kind in _KEYS)


def key_kind(key: str) -> Kind | None:
    """What a key takes, as far as it is known."""
    return next((kind for keys, kind in _TABLE if keys.fullmatch(key)), None)


def key_fault(key: str, value: str) -> str:
    """What is wrong with a key's value, "" if nothing is or nothing is known of the key."""
    kind = key_kind(key)
    return "" if kind is None or kind.fits(value) else f"is not {kind.words}"
