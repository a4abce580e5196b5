"""Every kind of alarm that Ringkeeper raises itself; those of the phones stand in `phone_kinds`.

One entry answers what monitoring teams ask: how bad, of which type and cause, what it means, what to do about it, and
when it ends. `docs/alarms.md` is made of these entries. The names are the names of the SNMP notifications; which object
identifier a name has stands in `daemon.snmp.oids`. Not here: the rules that raise one and end it.
"""

from __future__ import annotations

from daemon.fleet.alarms.kind import (
    COMMUNICATIONS_PROTOCOL_ERROR,
    CONFIGURATION_ERROR,
    KEY_EXPIRED,
    LOSS_OF_SIGNAL,
    PERFORMANCE_DEGRADED,
    QUEUE_SIZE_EXCEEDED,
    RESOURCE_AT_OR_NEARING_CAPACITY,
    RESPONSE_TIME_EXCESSIVE,
    STORAGE_CAPACITY_PROBLEM,
    Kind,
)
from daemon.fleet.notifications import EventType, Severity

DEVICE_UNREACHABLE = Kind(
    "deviceUnreachable",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "The phone stopped answering SIP OPTIONS pings.",
    "Check the phone's power and network. If many phones of one site are affected, check the site's uplink first.",
    title="Phone unreachable",
    info="The transition's reason: how many pings were unanswered, and why.",
    ends="The phone answers a ping, or is no longer watched (qualify off, deleted, registered elsewhere).",
)
DEVICE_DISCONNECTED = Kind(
    "deviceDisconnected",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "The phone sent no keep-alive within the disconnect timeout.",
    "Check the phone's power and network, and that ems_server/provisioning/url in its configuration leads here.",
    title="Phone disconnected",
    info="The timeout that passed.",
    ends="The phone reports itself again, or signs out, which announces its silence.",
)
CONNECTION_DOWN = Kind(
    "connectionDown",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "A SIP connection (SBC, trunk or PBX) stopped answering OPTIONS at every address its name leads to.",
    "Check the network path and the far end, then its name in DNS; `/api/v1/connections/{name}` says what was tried.",
    title="SIP connection down",
    info="What was tried last, and what came of it.",
    ends="One of its addresses answers, or the connection is no longer watched.",
)
QUALITY_DEGRADED = Kind(
    "qualityDegraded",
    Severity.MAJOR,
    EventType.QUALITY_OF_SERVICE,
    PERFORMANCE_DEGRADED,
    "The calls of a site sound bad: mean MOS, loss or the share of bad calls within the window passed its limit.",
    "Additional information says which. Look at the site's uplink and its priorities, then at `/api/v1/calls`.",
    title="Voice quality degraded",
    info="Which mean passed which limit, over how many calls.",
    ends="The site was better than the limit for a whole window.",
)
STORE_FAILURE = Kind(
    "storeFailure",
    Severity.CRITICAL,
    EventType.PROCESSING_ERROR,
    STORAGE_CAPACITY_PROBLEM,
    "Ringkeeper cannot write to its database; phones and operators are told to try again later.",
    "Free space on the file system of state_dir, or end whatever locks the database file.",
    title="Database refuses writes",
    info="The database's own word.",
    ends="A write succeeded.",
)
CONNECTOR_DOWN = Kind(
    "connectorDown",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "Registrations cannot be learned from a server; those it told of before stay as they are.",
    "Additional information says why. Check that the server runs and lets Ringkeeper in: address, user and secret.",
    title="Server does not tell its registrations",
    info="Why: what the network or the server said.",
    ends="The server answers again, or is taken out of the configuration.",
)
DEVICE_LAGGED = Kind(
    "deviceLagged",
    Severity.WARNING,
    EventType.QUALITY_OF_SERVICE,
    RESPONSE_TIME_EXCESSIVE,
    "The phone has been answering pings slower than its limit for long.",
    "Look at the load of the phone's line and its priorities; several phones of one site point to its uplink.",
    title="Phone lagged",
    info="Since when, and the round trip that decided it.",
    ends="The smoothed round trip falls below 80 % of the limit, or the phone stops answering: then it is unreachable.",
)
DEVICE_ON_WRONG_SERVER = Kind(
    "deviceOnWrongServer",
    Severity.MINOR,
    EventType.OPERATIONAL_VIOLATION,
    CONFIGURATION_ERROR,
    "The phone is registered with another SIP server than the one it is assigned to.",
    "Correct the server in the phone's configuration, or assign the device to the server that it uses.",
    title="Phone on the wrong server",
    info="Which server has it, and which should.",
    ends="It registers with its own server, its registration ends, or it is no longer watched.",
)
ENDPOINT_LICENCE = Kind(
    "acEndpointLicenseAlarm",
    Severity.CRITICAL,
    EventType.OTHER,
    KEY_EXPIRED,
    "The licence is used up: its period, or the number of its devices.",
    "Renew or extend the licence and write its new terms under `licence`; `ringkeeper licence` shows how it stands.",
    title="Endpoint License Alarm",
    info="Endpoint License capacity N devices; then which of period and devices it is about.",
    ends="Less than 80 % of both is used.",
    graded="MAJOR at 80 % of the period or of the devices, CRITICAL at 100 %",
)
DEVICE_COUNT_EXCEEDED = Kind(
    "deviceCountExceeded",
    Severity.CRITICAL,
    EventType.OTHER,
    RESOURCE_AT_OR_NEARING_CAPACITY,
    "There are more devices than the licence allows; the newest of them are blocked.",
    "Extend the licence, or delete devices that are no longer used: the blocked ones take their places by themselves.",
    title="Device count exceeded",
    info="How many are blocked, and for how many the licence is.",
    ends="No device is blocked any more.",
)
NUMBERS_EXHAUSTED = Kind(
    "numbersExhausted",
    Severity.CRITICAL,
    EventType.PROCESSING_ERROR,
    RESOURCE_AT_OR_NEARING_CAPACITY,
    "Few telephone numbers are left to be given away.",
    "Add numbers to the inventory, or release reserved ones; cooling ones come back by themselves.",
    title="Numbers exhausted",
    info="How many of how many are available, and how many cool.",
    ends="More are available than `numbers.low_clear` says.",
    graded="WARNING when the share that is available falls to `numbers.low`, CRITICAL at none",
)
CERTIFICATE_EXPIRING = Kind(
    "certificateExpiring",
    Severity.CRITICAL,
    EventType.SECURITY_VIOLATION,
    KEY_EXPIRED,
    "A TLS certificate of one of our listeners ends soon, or has ended: then phones and browsers refuse to connect.",
    "Renew the certificate, put the new file in its place, and reload.",
    title="Certificate expiring",
    info="The file, and until when it is good.",
    ends="The file holds a certificate that is good for longer, or is no longer used; looked at daily and at a reload.",
    graded="WARNING 30 days before, MAJOR 7 days before, CRITICAL when it has ended",
)
SERVER_OVERLOADED = Kind(
    "serverOverloaded",
    Severity.CRITICAL,
    EventType.PROCESSING_ERROR,
    PERFORMANCE_DEGRADED,
    "Ringkeeper does not keep up: its loop is late, requests are turned away, or the database lags behind.",
    "Additional information says which. Look for other load on the machine, a slow disk, or phones that ask too often.",
    title="Endpoint Server Overloaded Alarm",
    info="What passed its limit, and by how much.",
    ends="All of it has been well below its limit for `overload.calm`.",
)

SITE_DOWN = Kind(
    "siteDown",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "Most phones of a site vanished together; their own alarms are folded beneath this one.",
    "Check the site's uplink, router and power. The phones need nothing: each that stays away is told of afterwards.",
    title="Site down",
    info="How many of how many phones vanished, and within what time.",
    ends="At most `alarms.site.back` of the phones that had been there is still away.",
)
OUTPUT_DOWN = Kind(
    "outputDown",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "An output (mail, syslog, webhook, Alertmanager, apprise) has taken no alarm for its `down_after`; they are kept.",
    "Additional information says why. Check that the receiver runs and lets Ringkeeper in: address, login, trust.",
    title="Output down",
    info="Why: what the network or the receiver said.",
    ends="The output takes an alarm, or is taken out of the configuration.",
)
ALARM_STORM = Kind(
    "alarmStorm",
    Severity.MAJOR,
    EventType.PROCESSING_ERROR,
    QUEUE_SIZE_EXCEEDED,
    "More phones' alarms than `alarms.storm_burst` came at once; the others wait and are told in order.",
    "Look at the list of active alarms, which has them all, for what they have in common.",
    title="Alarm storm",
    info="How many alarms wait.",
    ends="No alarm waits any more.",
)
ALARM_TABLE_OVERFLOW = Kind(
    "alarmTableOverflow",
    Severity.MAJOR,
    EventType.PROCESSING_ERROR,
    RESOURCE_AT_OR_NEARING_CAPACITY,
    "`alarms.max_active` alarms are active, and further ones of phones are refused.",
    "Find out what so many phones complain of; raise `alarms.max_active` if the fleet is that large.",
    title="Alarm table overflow",
    info="How many alarms are active.",
    ends="There is room again: a tenth of the table.",
)
OUTBOX_FILLING = Kind(
    "outboxFilling",
    Severity.MAJOR,
    EventType.PROCESSING_ERROR,
    QUEUE_SIZE_EXCEEDED,
    "A receiver of alarms takes less than it is sent; when its queue is full, or the oldest too old, some are let go.",
    "See that the receiver runs, can be reached and answers; the log says what its tries came to.",
    title="Outbox filling",
    info="How many notifications wait, how many may, and since when the oldest does.",
    ends="Fewer wait than half of `outbox.warning`, and none for that long; or the receiver was taken out.",
)

OWN_ALARMS = (
    DEVICE_UNREACHABLE,
    DEVICE_DISCONNECTED,
    DEVICE_LAGGED,
    DEVICE_ON_WRONG_SERVER,
    SITE_DOWN,
    CONNECTION_DOWN,
    QUALITY_DEGRADED,
    CONNECTOR_DOWN,
    NUMBERS_EXHAUSTED,
    ENDPOINT_LICENCE,
    DEVICE_COUNT_EXCEEDED,
    CERTIFICATE_EXPIRING,
    SERVER_OVERLOADED,
    STORE_FAILURE,
    OUTPUT_DOWN,
    ALARM_STORM,
    ALARM_TABLE_OVERFLOW,
    OUTBOX_FILLING,
)

# They say again what reachability and presence say already, so a device's status does not count them twice.
ECHOES = frozenset({DEVICE_UNREACHABLE.name, DEVICE_DISCONNECTED.name, DEVICE_LAGGED.name})

# A phone that vanishes may be back soon, or its whole site is gone: these are told of after a while (`sites`).
VANISHING = frozenset({DEVICE_UNREACHABLE.name, DEVICE_DISCONNECTED.name})
