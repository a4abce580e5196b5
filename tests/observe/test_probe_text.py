from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from daemon.observe.probe_text import address_hash, answer, text
from daemon.sip.prober import ProbeReport

PHASES = {"resolve": 0.01, "connect": 0.02, "tls": 0.0, "request": 0.05}
GOOD = ProbeReport(True, 0.08, PHASES, 200, "127.0.0.1", 1_900_000_000.0, ("   0.000 s  answer 200",))
LOST = ProbeReport(False, 5.0, dict.fromkeys(PHASES, 0.0), 0, "", None, ())


def samples(exposition: bytes) -> dict[str, float]:
    """As Prometheus reads it; a label's value stands behind the name."""
    families = text_string_to_metric_families(exposition.decode())
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_names_are_those_of_blackbox_exporter_and_sip_has_its_own_in_the_same_manner() -> None:
    assert samples(text(GOOD)) == {
        "probe_success": 1,
        "probe_duration_seconds": 0.08,
        "probe_dns_lookup_time_seconds": 0.01,
        "probe_ip_protocol": 4,
        "probe_ip_addr_hash": 3668918509,
        "probe_sip_status_code": 200,
        "probe_sip_duration_seconds resolve": 0.01,
        "probe_sip_duration_seconds connect": 0.02,
        "probe_sip_duration_seconds tls": 0,
        "probe_sip_duration_seconds request": 0.05,
        "probe_ssl_earliest_cert_expiry": 1_900_000_000,
    }


def test_a_probe_that_got_nowhere_still_says_that_it_failed() -> None:
    found = samples(text(LOST))
    assert (found["probe_success"], found["probe_duration_seconds"], found["probe_sip_status_code"]) == (0, 5, 0)
    assert "probe_ip_protocol" not in found
    assert "probe_ssl_earliest_cert_expiry" not in found


def test_the_hash_of_an_address_is_fnv_1a() -> None:
    # The test vectors of the algorithm's authors: FNV-1a of the four and the sixteen bytes.
    assert address_hash("97.0.0.0") != address_hash("97.0.0.1")
    assert address_hash("0.0.0.0") == 0x4B95F515
    assert address_hash("::1") < 2**32


class OneProbe:
    """A prober that finds what it is told to."""

    async def probe(self, target: str, module: str, seconds: float) -> ProbeReport:
        """As told."""
        return GOOD


async def test_debugging_tells_the_story_before_the_metrics() -> None:
    plain = await answer(OneProbe(), "sip:a", "sip_udp", 1, debug=False)
    told = await answer(OneProbe(), "sip:a", "sip_udp", 1, debug=True)
    assert plain == text(GOOD)
    assert told.startswith(b"Probe of sip:a by sip_udp:\n   0.000 s  answer 200\n")
    assert told.endswith(plain)
