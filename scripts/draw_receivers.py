#!/usr/bin/env python3
"""Writes the receiver packs that list our notifications: `.venv/bin/python scripts/draw_receivers.py`.

They stand in `etc/receivers/`: for SNMPTT one file for each of the profiles "ringkeeper" and "paired", for OpenNMS
its events. What they list comes from the catalogue and from `daemon.snmp.oids`. `--enterprise N` writes your own
enterprise number instead of the documentation's; `--check` writes nothing and ends with 1 if a file is behind; the
tests do the same. Not here: packs that list no notifications (snmptrapd, Zabbix, LibreNMS, Alertmanager), which are
written by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from daemon.fleet.alarms.catalogue import OWN_ALARMS
from daemon.fleet.alarms.kind import Kind
from daemon.fleet.notifications import Severity
from daemon.snmp import oids

RECEIVERS = Path(__file__).resolve().parent.parent / "etc" / "receivers"
DOCUMENTATION = 32473  # the enterprise number of RFC 5612, which is the default of snmp.enterprise

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in OWN_ALARMS}
WORST_FIRST = sorted(set(Severity) - {Severity.CLEARED}, reverse=True)
NORMAL = "NORMAL"  # SNMPTT's word for good news

# Numbers of varbinds as both programs count them: from 1, without sysUpTime and snmpTrapOID.
NUMBER = {each.name: number for number, each in enumerate(oids.OBJECTS, start=1)}
SEVERITY = NUMBER[oids.SEVERITY.name]


# --- SNMPTT


def snmptt_own(enterprise: int) -> str:
    """Profile "ringkeeper": one event a severity, whichever alarm it is, and one for all clears."""
    every = f"{_dotted(oids.ringkeeper_mib(enterprise))}.0.*"
    events = [_snmptt(f"ringkeeper{_title(each)}", every, each.name, _IN_WORDS, each) for each in WORST_FIRST]
    cleared = _snmptt("ringkeeperCleared", every, NORMAL, _OVER, Severity.CLEARED)
    return "\n\n".join([_SNMPTT_OWN, _snmptt_heartbeat(enterprise), *events, cleared]) + "\n"


def snmptt_paired(enterprise: int) -> str:
    """Profile "paired": an event for the raise of each kind of alarm and one for its clear."""
    events: list[str] = []
    for name in oids.OWN_NOTIFICATIONS:
        raised, over = (_dotted(oids.ringkeeper_paired(enterprise, name, cleared=each)) for each in (False, True))
        kind = KINDS.get(name)
        about = _about(kind)
        if kind is None or kind.graded:
            events += [_snmptt(f"{name}Raised", raised, each.name, about, each) for each in WORST_FIRST]
        else:
            events.append(_snmptt(f"{name}Raised", raised, kind.severity.name, about))
        events.append(_snmptt(f"{name}Cleared", over, NORMAL, _OVER))
    return "\n\n".join([_SNMPTT_PAIRED, _snmptt_heartbeat(enterprise), *events]) + "\n"


def _snmptt(name: str, oid: str, severity: str, about: str, matched: Severity | None = None) -> str:
    """An event; with `matched` only for notifications that bear this severity, as number or as word."""
    lines = [f'EVENT {name} {oid} "Ringkeeper" {severity}', f"FORMAT {_WORDS}"]
    if matched is not None:
        lines.append("MATCH MODE=and")
        lines.append(f"MATCH ${SEVERITY}: ^({oids.ITU_SEVERITY[matched]}|{matched.name.lower()})")
    return "\n".join([*lines, "SDESC", about, "EDESC"])


def _snmptt_heartbeat(enterprise: int) -> str:
    oid = _dotted(oids.ringkeeper_heartbeat(enterprise))
    lines = (f'EVENT ringkeeperHeartbeat {oid} "LOGONLY" {NORMAL}', "FORMAT sequence=$1", "SDESC", _ALIVE, "EDESC")
    return "\n".join(lines)


def _about(kind: Kind | None) -> str:
    return _IN_WORDS if kind is None else f"{kind.title}. {kind.text}\n{kind.action}\nEnds when: {kind.ends}"


_IN_WORDS = 'An alarm; rkAlarmName says which. What to do about it: docs/alarms.md, "Every alarm".'
_OVER = "The alarm with that id is over."
_ALIVE = "Ringkeeper had nothing to tell for a while. The number is that of the last notification before it."
_WORDS = " ".join(
    f"{word}=${NUMBER[wanted.name]}"
    for word, wanted in {
        "sequence": oids.SEQUENCE,
        "id": oids.ALARM_ID,
        "severity": oids.SEVERITY,
        "alarm": oids.ALARM_NAME,
        "source": oids.ALARM_SOURCE,
        "tenant": oids.TENANT,
        "address": oids.DEVICE_ADDRESS,
        "text": oids.ALARM_TEXT,
        "info": oids.ADDITIONAL_INFO,
    }.items()
)

_SNMPTT_HEAD = """\
# SNMPTT: Ringkeeper's notifications of profile "{profile}". Written by scripts/draw_receivers.py; do not edit.
#
# In /etc/snmp/snmptt.ini, under [TrapFiles], name this file; in snmptrapd.conf say
#     outputOption ne
#     traphandle default /usr/sbin/snmptt
# Another enterprise number than 32473: scripts/draw_receivers.py --enterprise N"""
_SNMPTT_OWN = f"""{_SNMPTT_HEAD.format(profile="ringkeeper")}
#
# A clear is the same notification with severity cleared, so an event is found by varbind {SEVERITY}, rkSeverity.
# What belongs together has the same id= (rkAlarmId)."""
_SNMPTT_PAIRED = f"""{_SNMPTT_HEAD.format(profile="paired")}
#
# <name>Cleared ends <name>Raised with the same id= (rkAlarmId). Where an alarm has several severities, varbind
# {SEVERITY}, rkSeverity, decides."""


# --- OpenNMS


def opennms(enterprise: int) -> str:
    """Events of profile "ringkeeper": one a severity, and one that clears; all of an alarm reduced to one by its id."""
    raised = [
        _opennms_event(enterprise, each.name.lower(), _title(each), oids.ITU_SEVERITY[each], _ALARM)
        for each in WORST_FIRST
    ]
    cleared = _opennms_event(enterprise, "cleared", "Cleared", oids.ITU_SEVERITY[Severity.CLEARED], _CLEAR)
    return "\n".join([_OPENNMS_HEAD, *raised, cleared, _opennms_heartbeat(enterprise), "</events>"]) + "\n"


def _opennms_event(enterprise: int, word: str, severity: str, number: int, alarm: str) -> str:
    arcs = "".join(f"<mevalue>{arc}</mevalue>" for arc in oids.OWN_NOTIFICATIONS.values())
    said = {name: f"%parm[#{NUMBER[name]}]%" for name in NUMBER}
    text = "{rkAlarmName}: {rkAlarmSource}: {rkAlarmText} {rkAdditionalInfo}".format_map(said)
    return _OPENNMS_EVENT.format(
        mask=_opennms_mask(enterprise, arcs),
        varbind=SEVERITY,
        number=number,
        word=word,
        severity=severity,
        text=escape(text),
        alarm=alarm.format(uei=f"{_UEI}/alarm", id=said["rkAlarmId"]),
        **{
            key: said[name]
            for key, name in (("tenant", "rkTenant"), ("address", "rkDeviceAddress"), ("seq", "rkSequence"))
        },
    )


def _opennms_heartbeat(enterprise: int) -> str:
    return _OPENNMS_HEARTBEAT.format(mask=_opennms_mask(enterprise, f"<mevalue>{oids.HEARTBEAT_ARC}</mevalue>"))


def _opennms_mask(enterprise: int, arcs: str) -> str:
    identity = _dotted(oids.ringkeeper_mib(enterprise))
    return "\n".join(
        f"      <maskelement><mename>{name}</mename>{values}</maskelement>"
        for name, values in (
            ("id", f"<mevalue>{identity}</mevalue>"),
            ("generic", "<mevalue>6</mevalue>"),
            ("specific", arcs),
        )
    )


_UEI = "uei.opennms.org/vendor/ringkeeper"
_ALARM = '<alarm-data reduction-key="{uei}:{id}" alarm-type="1" auto-clean="false"/>'
_CLEAR = '<alarm-data reduction-key="{uei}:{id}:cleared" alarm-type="2" clear-key="{uei}:{id}" auto-clean="false"/>'
_OPENNMS_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- OpenNMS: Ringkeeper's notifications of profile "ringkeeper". Written by scripts/draw_receivers.py; do not edit.

     Put this file into etc/events/ and, before any that would catch everything, into eventconf.xml:
         <event-file>events/ringkeeper.events.xml</event-file>
     then: bin/send-event.pl uei.opennms.org/internal/eventsConfigChange
     All notifications of one alarm are reduced to one by rkAlarmId, so a change of severity changes it, and the clear
     clears it. Another enterprise number than 32473: see scripts/draw_receivers.py. -->
<events xmlns="http://xmlns.opennms.org/xsd/eventconf">"""
_OPENNMS_EVENT = """\
  <event>
    <mask>
{mask}
      <varbind><vbnumber>{varbind}</vbnumber><vbvalue>{number}</vbvalue></varbind>
    </mask>
    <uei>uei.opennms.org/vendor/ringkeeper/{word}</uei>
    <event-label>Ringkeeper: {word}</event-label>
    <descr>{text}; tenant {tenant}, address {address}, notification {seq}</descr>
    <logmsg dest="logndisplay">{text}</logmsg>
    <severity>{severity}</severity>
    <operinstruct>What to do about each alarm stands in Ringkeeper's docs/alarms.md, by its name.</operinstruct>
    {alarm}
  </event>"""
_OPENNMS_HEARTBEAT = """\
  <event>
    <mask>
{mask}
    </mask>
    <uei>uei.opennms.org/vendor/ringkeeper/heartbeat</uei>
    <event-label>Ringkeeper: heartbeat</event-label>
    <descr>Nothing to tell since notification %parm[#1]%.</descr>
    <logmsg dest="logonly">Nothing to tell since notification %parm[#1]%.</logmsg>
    <severity>Normal</severity>
  </event>"""


# --- both


def _dotted(oid: Iterable[int]) -> str:
    return "." + ".".join(map(str, oid))


def _title(severity: Severity) -> str:
    return severity.name.capitalize()


# File below `etc/receivers` -> what stands in it under an enterprise number.
PACKS: Mapping[str, Callable[[int], str]] = {
    "snmptt/ringkeeper.conf": snmptt_own,
    "snmptt/ringkeeper-paired.conf": snmptt_paired,
    "opennms/ringkeeper.events.xml": opennms,
}


def main(arguments: list[str]) -> int:
    """Bring the packs up to date, or with `--check` only look; the exit code."""
    parser = argparse.ArgumentParser(description="Write the receiver packs that list our notifications.")
    parser.add_argument("--enterprise", type=int, default=DOCUMENTATION, metavar="N", help="as snmp.enterprise")
    parser.add_argument("--check", action="store_true", help="only look; exit code 1 if one is behind")
    wanted = parser.parse_args(arguments)
    behind = []
    for name, draw in PACKS.items():
        path, text = RECEIVERS / name, draw(wanted.enterprise)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            behind.append(name)
            if not wanted.check:
                path.write_text(text, encoding="utf-8")
    if wanted.check and behind:
        sys.stderr.write(f"behind the code: {', '.join(behind)}; run scripts/draw_receivers.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
