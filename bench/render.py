"""How fast are phones' files made: one by one when nothing is cached, and again from the cache.

Question: does a cold boot of a fleet wait for its files? A house with one tenant, one site and N devices of one model;
every device's complete file is asked for once (cold), then once more (cached), in one thread and without sockets.

    .venv/bin/python -m bench.render [devices]
"""

from __future__ import annotations

import sys
import time
from base64 import urlsafe_b64encode
from ipaddress import ip_network

from daemon.config.settings import Settings
from daemon.fleet.device import Device
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac, Server, Site, Tenant
from daemon.fleet.records import Snapshot
from daemon.provisioning.provisioner import Provisioner
from daemon.provisioning.sealing import Sealer
from daemon.provisioning.served import FileKind, FileRequest, ServedFile
from daemon.store.files import load_all_templates

SEALER = Sealer(urlsafe_b64encode(bytes(range(32))))
NOW = 1_000.0


def main() -> None:
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    settings = Settings()
    fleet = Fleet(settings, Snapshot(tenants=(_tenant(),), servers=(Server("pbx", "sip:pbx.example.net"),)), NOW)
    for number in range(devices):
        fleet.roster.add(Device(_record(number), NOW))
    provisioner = Provisioner(
        fleet,
        load_all_templates(settings),
        SEALER,
        settings=settings.provisioning,
        keep_alive=settings.keep_alive,
        sip=settings.sip,
    )
    for what in ("cold", "cached"):
        began = time.process_time()
        for number in range(devices):
            answer = provisioner.serve(_request(number), NOW)
            assert isinstance(answer, ServedFile), answer
            assert answer.complete
            if answer.made:
                fleet.handle(answer.made, NOW)
        spent = time.process_time() - began
        print(f"{what}: {devices / spent:,.0f} files a second, {spent / devices * 1e6:.0f} µs each")


def _tenant() -> Tenant:
    hq = Site("hq", ip_network("10.1.2.0/24"), {"VLANID": "12"})
    language = {"Language": "German"}
    return Tenant("acme", subnet=ip_network("10.1.0.0/16"), default=True, sites=(hq,), placeholders=language)


def _record(number: int) -> DeviceRecord:
    return DeviceRecord(
        Mac(f"00908f{number:06x}"),
        model="420HD",
        tenant="acme",
        site="hq",
        user=f"user{number}",
        display_name=f"User {number}",
        number=str(20_000 + number),
        server="pbx",
        sip_password=SEALER.seal(f"secret {number}"),
        armed_until=NOW * 2,
    )


def _request(number: int) -> FileRequest:
    mac = f"00908f{number:06x}"
    agent = f"AUDC-IPPhone/2.2.8.61 (420HD-Rev1; {mac})"
    return FileRequest(FileKind.CONFIGFILES, "", f"{mac}.cfg", "10.1.2.7", agent, "", "prov.example.net:8081")


if __name__ == "__main__":
    main()
