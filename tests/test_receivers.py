"""The receiver packs of `etc/receivers/`: what they list is what we send, and the real programs take it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

from daemon.fleet.notifications import Notification, Severity
from daemon.snmp import mib, oids
from daemon.snmp.pdu import PduType
from daemon.snmp.sending.encode import encode_notification
from daemon.snmp.sending.traps import Profile, Trap, heartbeat, notification_to_trap
from tests.support.notifications import a_notification, an_alarm
from tests.support.scripts import script
from tests.support.snmptrapd import free_udp_port

ROOT = Path(__file__).resolve().parents[1]
RECEIVERS = ROOT / "etc" / "receivers"
ENTERPRISE = 32473


draw_receivers = script("draw_receivers")


def told(name: str, severity: Severity) -> Notification:
    return a_notification(7, alarm=an_alarm(name, severity=severity, description="what it is", additional_info=()))


def trap_of(name: str, severity: Severity, profile: Profile) -> Trap:
    return notification_to_trap(told(name, severity), profile, ENTERPRISE, 1.0, 7)


def dotted(oid: Sequence[int]) -> str:
    return "." + ".".join(map(str, oid))


def program(name: str, package: str) -> str:
    path = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert path, f"{name} is missing: apt-get install {package}"
    return path


def handed_over(trap: Trap, *, sender: str = "192.0.2.1") -> str:
    """What snmptrapd hands to a traphandle under `outputOption ne`, as seen from net-snmp 5.9."""

    def shown(value: object) -> str:
        if isinstance(value, bytes):
            return f'"{value.decode()}"' if value.isascii() and value.decode().isprintable() else '"00 01 "'
        return dotted(value) if isinstance(value, tuple) else str(value)

    lines = [f"{dotted(bind.oid)} {shown(bind.value)}" for bind in trap.varbinds]
    return "\n".join(["somewhere", f"UDP: [{sender}]:40000->[192.0.2.9]:162", *lines, ""])


# --- what stands in them


@pytest.mark.parametrize("name", draw_receivers.PACKS)
def test_generated_packs_are_what_the_code_says(name: str) -> None:
    text = (RECEIVERS / name).read_text(encoding="utf-8")
    assert text == draw_receivers.PACKS[name](ENTERPRISE), "run scripts/draw_receivers.py"


@pytest.mark.parametrize("name", draw_receivers.PACKS)
def test_packs_can_be_written_for_another_enterprise(name: str) -> None:
    text = draw_receivers.PACKS[name](4711)
    assert ".1.3.6.1.4.1.4711.1" in text
    assert ".1.3.6.1.4.1.32473." not in text


def scalars() -> dict[str, str]:
    """Name of each scalar that can be asked for -> its arcs below rkObjects."""
    return {each.name: f"{group.arc}.{each.arc}" for group in mib.GROUPS for each in group.scalars}


def test_the_zabbix_template_asks_for_each_object_at_its_own_place() -> None:
    text = (RECEIVERS / "zabbix" / "ringkeeper.yaml").read_text(encoding="utf-8")
    asked = re.findall(
        r"snmp_oid: '1\.3\.6\.1\.4\.1\.{\$RINGKEEPER\.ENTERPRISE}\.1\.1\.([\d.]+)\.0'\n +key: (\w+)", text
    )
    assert len(asked) == text.count("snmp_oid")
    assert {key: arcs for arcs, key in asked}.items() <= scalars().items()
    for arc in map(int, re.findall(r"\\\.1\\\.1\\\.(\d+)\\\.0 = ", text)):
        assert arc in {each.arc for each in oids.OBJECTS}


def test_each_severity_of_zabbix_is_found_by_its_number() -> None:
    text = (RECEIVERS / "zabbix" / "ringkeeper.yaml").read_text(encoding="utf-8")
    numbers = map(int, re.findall(r'7\\\.0 = (\d)"\)=1', text))
    assert dict(zip(re.findall(r"'Ringkeeper: (\w+) alarm'", text), numbers, strict=True)) == {
        each.name.lower(): number for each, number in oids.ITU_SEVERITY.items() if each is not Severity.CLEARED
    }


def test_librenms_asks_for_each_object_at_its_own_place() -> None:
    text = (RECEIVERS / "librenms" / "ringkeeper-discovery.yaml").read_text(encoding="utf-8")
    asked = re.findall(r"oid: (rk\w+),?\s+num_oid: '\.1\.3\.6\.1\.4\.1\.32473\.1\.1\.([\d.]+)\.{{ \$index }}'", text)
    assert len(asked) == text.count("num_oid")
    assert dict(asked).items() <= scalars().items()


def test_opennms_has_one_event_for_everything_that_we_tell() -> None:
    for severity, number in oids.ITU_SEVERITY.items():
        for name in oids.OWN_NOTIFICATIONS:
            [event] = matching(trap_of(name, severity, "ringkeeper"), number)
            alarm = event.find("{*}alarm-data")
            assert alarm is not None
            key = alarm.get("clear-key" if severity is Severity.CLEARED else "reduction-key")
            assert key == "uei.opennms.org/vendor/ringkeeper/alarm:%parm[#3]%"
            assert alarm.get("alarm-type") == ("2" if severity is Severity.CLEARED else "1")
            word = event.findtext("{*}severity")
            assert word == ("Cleared" if severity is Severity.CLEARED else severity.name.capitalize())
    [alive] = matching(heartbeat(7, 0.0, ENTERPRISE, 1.0), 0)
    assert alive.findtext("{*}uei") == "uei.opennms.org/vendor/ringkeeper/heartbeat"


def matching(trap: Trap, severity: int) -> list[ET.Element]:
    """The events whose mask fits, as OpenNMS takes a v2 notification apart (RFC 3584, section 3.2)."""
    *enterprise, zero, specific = trap.oid
    assert zero == 0
    wanted = {"id": dotted(enterprise), "generic": "6", "specific": str(specific)}
    found = []
    for event in ET.parse(RECEIVERS / "opennms" / "ringkeeper.events.xml").getroot():
        masks = {
            mask.findtext("{*}mename"): mask.findall("{*}mevalue") for mask in event.findall("{*}mask/{*}maskelement")
        }
        numbers = [each.text for each in event.findall("{*}mask/{*}varbind/{*}vbvalue")]
        fits = all(value in [each.text for each in masks[name]] for name, value in wanted.items())
        if fits and numbers in ([], [str(severity)]):
            found.append(event)
    return found


# --- real programs


@pytest.mark.peer
@pytest.mark.parametrize(
    ("profile", "name", "severity", "expected"),
    [
        ("ringkeeper", "deviceUnreachable", Severity.MAJOR, 'MAJOR "Ringkeeper"'),
        ("ringkeeper", "deviceUnreachable", Severity.CLEARED, 'NORMAL "Ringkeeper"'),
        ("paired", "siteDown", Severity.CRITICAL, 'CRITICAL "Ringkeeper"'),
        ("paired", "siteDown", Severity.CLEARED, 'NORMAL "Ringkeeper"'),
        ("paired", "certificateExpiring", Severity.WARNING, 'WARNING "Ringkeeper"'),
        ("paired", "IPPhoneRegisterFailure", Severity.MINOR, 'MINOR "Ringkeeper"'),
    ],
)
def test_snmptt_knows_each_notification_by_its_severity(
    profile: Literal["ringkeeper", "paired"], name: str, severity: Severity, expected: str, tmp_path: Path
) -> None:
    trap = trap_of(name, severity, profile)
    pack = RECEIVERS / "snmptt" / ("ringkeeper.conf" if profile == "ringkeeper" else "ringkeeper-paired.conf")
    ini, log = tmp_path / "snmptt.ini", tmp_path / "snmptt.log"
    ini.write_text(
        f"[General]\nmode = standalone\n[Logging]\nlog_enable = 1\nlog_file = {log}\n"
        f"[TrapFiles]\nsnmptt_conf_files = <<END\n{pack}\nEND\n"
    )
    asked = [program("snmptt", "snmptt"), f"--ini={ini}"]
    done = subprocess.run(asked, input=handed_over(trap), capture_output=True, text=True, timeout=60, check=False)
    lines = log.read_text().splitlines() if log.exists() else []
    assert len(lines) == 1, done.stdout + done.stderr
    assert f"{dotted(trap.oid)} {expected} " in lines[0]
    assert (
        f"sequence=7 id={told(name, severity).alarm.id} severity={oids.ITU_SEVERITY[severity]} alarm={name} "
        in lines[0]
    )


@pytest.mark.peer
def test_alertmanager_takes_its_configuration() -> None:
    asked = [
        program("amtool", "prometheus-alertmanager"),
        "check-config",
        str(RECEIVERS / "alertmanager/alertmanager.yml"),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.peer
def test_snmptrapd_shows_names_by_the_shipped_configuration(tmp_path: Path) -> None:
    port, folders = free_udp_port(), f"{tmp_path}:{ROOT / 'tests' / 'snmp' / 'mibs'}"
    shutil.copy(ROOT / "etc" / "RINGKEEPER-MIB.txt", tmp_path / "RINGKEEPER-MIB")
    out = tmp_path / "out"
    options = ["-f", "-Lf", str(out), "-C", "-c", str(RECEIVERS / "snmptrapd" / "snmptrapd.conf")]
    options += ["-M", folders, "-m", "RINGKEEPER-MIB", f"udp:127.0.0.1:{port}"]
    environment = {"SNMP_PERSISTENT_DIR": str(tmp_path), "SNMPCONFPATH": str(tmp_path), "HOME": str(tmp_path)}
    trap = encode_notification(trap_of("siteDown", Severity.CRITICAL, "ringkeeper"), PduType.TRAP, 1, b"public")
    with subprocess.Popen([program("snmptrapd", "snmptrapd"), *options], env=environment) as receiver:
        try:
            text = next(each for each in repeated(port, trap, out) if "rkAdditionalInfo" in each)
        finally:
            receiver.kill()
    assert "Error:" not in text
    assert "OID: RINGKEEPER-MIB::siteDown\n" in text
    assert "RINGKEEPER-MIB::rkSeverity.0 = INTEGER: critical(3)\n" in text


def repeated(port: int, datagram: bytes, out: Path) -> Iterator[str]:
    """Send it until the receiver is up and wrote something down; what it wrote so far, each time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(100):
            sender.sendto(datagram, ("127.0.0.1", port))
            time.sleep(0.1)
            if out.exists():
                yield out.read_text()
    raise AssertionError("snmptrapd wrote nothing down")


# --- Zabbix' traphandle


def filed(trap_text: str, by: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "traps.log"
    handler = RECEIVERS / "zabbix" / "ringkeeper-to-zabbix"
    subprocess.run([str(handler), str(file), by], input=trap_text, text=True, timeout=60, check=True)
    return file.read_text().splitlines()


def test_a_trap_is_filed_for_zabbix_under_its_sender_or_under_the_phone(tmp_path: Path) -> None:
    text = (
        handed_over(trap_of("deviceUnreachable", Severity.MAJOR, "ringkeeper"))
        + f"{dotted(oids.SNMP_TRAP_ADDRESS)} 10.1.2.7\n"
    )
    head, *lines = filed(text, "sender", tmp_path)
    assert head.endswith(" ZBXTRAP 192.0.2.1")
    assert ".1.3.6.1.4.1.32473.1.1.4.0 = deviceUnreachable" in lines
    assert [line for line in filed(text, "phone", tmp_path) if line.endswith(" ZBXTRAP 10.1.2.7")]


def test_text_of_a_phone_is_neither_another_varbind_nor_another_trap(tmp_path: Path) -> None:
    """As snmptrapd 5.9 writes it: a backslash before each quote and backslash, line ends as they are."""
    forged = 'x\n.1.3.6.1.4.1.32473.1.1.7.0 1\n2026 ZBXTRAP 10.0.0.1\n.1.3 \\"other\\"\ny\\\\'
    text = f'h\nUDP: [192.0.2.1]:1->[192.0.2.9]:162\n.1.1 "{forged}"\n.1.2 3\n.1.3 ""\n.1.4 "a"\n'
    head, *lines = filed(text, "sender", tmp_path)
    assert head.endswith(" ZBXTRAP 192.0.2.1")
    assert [line.split(" = ")[0] for line in lines] == [".1.1", ".1.2", ".1.3", ".1.4"]
    assert not [line for line in lines if "ZBXTRAP" in line]
