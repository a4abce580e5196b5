"""The calls of the last window: which report belongs to which call, and who has how many of them.

A call that is under way has one entry, renewed by each interval report and finished by its session report; a phone
that put it on hold reports the rest as another piece. Calls leave with the window of the settings, or when there are
too many. Not here: how good a call was (`quality`), what follows from it (`quality_events`).
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from daemon.config.settings import Quality
from daemon.fleet.calls import MAX_ALERTS, CallQuality, QualityAlert, QualityReport, ReportKind
from daemon.fleet.model import Mac, Status
from daemon.fleet.quality import NO_CALLS, Experience, Place, Tally, completed, judge_call, judge_experience, lowest
from daemon.scheduler.deadlines import Deadlines

# MOS by G.107 annex B at R 50, 60, 70, 80 and 90, where its five words for users' satisfaction change.
MOS_STEPS = (2.58, 3.10, 3.60, 4.03, 4.34)


class Reporter(NamedTuple):
    """Who reports a call, and where that counts. `device` None: some host of the tenant, at `source`."""

    device: Mac | None
    tenant: str
    site: str
    source: str


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """Calls within the window now; all else since start. `mos_at_most` counts calls by the steps of G.107."""

    remembered: int
    reports: dict[str, int]  # by kind
    repeated: int  # reports that came twice or too late
    pushed_out: int  # calls that made room for newer ones
    verdicts: dict[str, int]  # of calls when they ended
    mos_at_most: dict[float, int]
    mos_sum: float


class CallBook:
    """The calls of the last window, by id, the one heard of longest ago first."""

    def __init__(self, calls: Iterable[CallQuality], settings: Quality, now: float) -> None:
        self.settings = settings
        self.told: dict[Mac, Status] = {}  # the worse than OK that timelines tell of; kept by `quality_events`
        self.recovering: Deadlines[str] = Deadlines()  # ids of alarms of sites that have become better; likewise
        self._calls: OrderedDict[str, CallQuality] = OrderedDict()
        self._newest: dict[tuple[str, str], str] = {}  # (call, reporter) -> id of its newest piece
        self._of_device: dict[Mac, OrderedDict[str, None]] = {}
        self._tallies: dict[Mac | Place, Tally] = {}
        self._pushed_out: list[CallQuality] = []
        self._counts: Counter[str] = Counter()
        self._reports: Counter[str] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._mos_at_most: Counter[float] = Counter()
        self._mos_sum = 0.0
        for call in sorted(calls, key=lambda call: call.at):
            if call.at > now - settings.window:
                self._keep(replace(call, text=""))

    def __len__(self) -> int:
        return len(self._calls)

    def take(self, report: QualityReport, reporter: Reporter, now: float) -> CallQuality | None:
        """The call as it is known now, with the report's text; None for a report that came twice or too late."""
        self._reports[report.kind] += 1
        known = self._calls.get(self._newest.get((report.call_id, reporter.device or reporter.source), ""))
        if known and _repeats(known, report):
            self._counts["repeated"] += 1
            return None
        call = _renewed(known, report) if known and _goes_on(known, report) else _begun(report, reporter)
        verdict, reason = judge_call(call.local_metrics, call.remote_metrics, call.alerts, self.settings)
        call = replace(call, at=now, verdict=verdict, reason=reason)
        self._keep(call)
        if report.kind is ReportKind.SESSION:
            self._count(call)
        return replace(call, text=report.text)

    def expire(self, now: float) -> list[CallQuality]:
        """Calls that left the window or were pushed out of it; what their devices and sites say may have changed."""
        gone, self._pushed_out = self._pushed_out, []
        while self._calls and (call := self._oldest()).at <= now - self.settings.window:
            self._forget(call)
            gone.append(call)
        return gone

    def next_deadline(self) -> float:
        """When the next call leaves the window, or a site has been better for long enough."""
        leaves = self._oldest().at + self.settings.window if self._calls else math.inf
        return min(leaves, self.recovering.next_deadline())

    def experience(self, of: Mac | Place) -> Experience:
        """How the calls of a device or of a site sounded."""
        tally = self._tallies.get(of)
        return judge_experience(tally, self.settings) if tally else NO_CALLS

    def devices(self) -> Iterator[Mac]:
        """Every device with a call in the window."""
        return iter(self._of_device)

    def places(self) -> Iterator[Place]:
        """Every site with a call in the window."""
        return (of for of in self._tallies if isinstance(of, Place))

    def statistics(self) -> CallStatistics:
        """A snapshot."""
        return CallStatistics(
            remembered=len(self._calls),
            reports=dict(self._reports),
            repeated=self._counts["repeated"],
            pushed_out=self._counts["pushed out"],
            verdicts=dict(self._verdicts),
            mos_at_most=dict(self._mos_at_most),
            mos_sum=self._mos_sum,
        )

    def _oldest(self) -> CallQuality:
        return next(iter(self._calls.values()))

    def _keep(self, call: CallQuality) -> None:
        """Put it in as the newest, in place of what was known of it; others make room."""
        if known := self._calls.get(call.id):
            self._forget(known)
        self._calls[call.id] = call
        self._newest[call.call_id, call.device or call.source] = call.id
        for of in _counts_for(call):
            self._tallies.setdefault(of, Tally()).count(call, 1)
        if call.device:
            own = self._of_device.setdefault(call.device, OrderedDict())
            own[call.id] = None
            if len(own) > self.settings.max_calls_per_device:
                self._push_out(self._calls[next(iter(own))])
        while len(self._calls) > self.settings.max_calls:
            self._push_out(self._oldest())

    def _push_out(self, call: CallQuality) -> None:
        self._counts["pushed out"] += 1
        self._pushed_out.append(call)
        self._forget(call)

    def _forget(self, call: CallQuality) -> None:
        del self._calls[call.id]
        key = call.call_id, call.device or call.source
        if self._newest.get(key) == call.id:
            del self._newest[key]
        for of in _counts_for(call):
            self._tallies[of].count(call, -1)
            if not self._tallies[of].held:
                del self._tallies[of]
        if call.device:
            del self._of_device[call.device][call.id]
            if not self._of_device[call.device]:
                del self._of_device[call.device]

    def _count(self, call: CallQuality) -> None:
        """A call ended: into the statistics with it."""
        self._verdicts[call.verdict] += 1
        if call.mos is not None:
            self._mos_at_most[next((step for step in MOS_STEPS if call.mos <= step), math.inf)] += 1
            self._mos_sum += call.mos


def _repeats(known: CallQuality, report: QualityReport) -> bool:
    """Whether a report says nothing new: one that was sent twice, or overtaken on its way."""
    if report.alert:
        return report.alert in known.alerts
    if report.kind is ReportKind.SESSION:
        return known.kind is ReportKind.SESSION and known.started_at == report.started_at
    if known.ended_at is None or report.ended_at is None:
        return known.kind is ReportKind.SESSION  # without times it cannot be told from one that was overtaken
    return report.ended_at <= known.ended_at


def _goes_on(known: CallQuality, report: QualityReport) -> bool:
    """Whether a report is about this piece of the call; after its session report only alerts are."""
    return known.kind is not ReportKind.SESSION or report.alert is not None


def _begun(report: QualityReport, reporter: Reporter) -> CallQuality:
    """A call, or a piece of one, of which nothing was known."""
    told = "\n".join((report.call_id, reporter.device or reporter.source, str(report.started_at)))
    local, remote = completed(report.local_metrics), completed(report.remote_metrics)
    return CallQuality(
        id=sha256(told.encode("utf-8", "replace")).hexdigest()[:16],
        at=0.0,
        kind=report.kind,
        device=reporter.device,
        tenant=reporter.tenant,
        site=reporter.site,
        source=reporter.source,
        call_id=report.call_id,
        local=report.local,
        remote=report.remote,
        started_at=report.started_at,
        ended_at=report.ended_at,
        local_metrics=local,
        remote_metrics=remote,
        mos=lowest(local, remote),
        alerts=(report.alert,) if report.alert else (),
        reports=1,
        verdict=Status.UNMONITORED,
        reason="",
    )


def _renewed(known: CallQuality, report: QualityReport) -> CallQuality:
    """What is known of a call, with a newer report laid over it. An alert about a finished call leaves its figures."""
    alerts = _told(known.alerts, report.alert) if report.alert else known.alerts
    call = replace(known, alerts=alerts, reports=known.reports + 1)
    if known.kind is ReportKind.SESSION:
        return call
    local = completed(report.local_metrics) or known.local_metrics
    remote = completed(report.remote_metrics) or known.remote_metrics
    begins = [at for at in (known.started_at, report.started_at) if at is not None]
    return replace(
        call,
        kind=report.kind,
        local=report.local or known.local,
        remote=report.remote or known.remote,
        started_at=min(begins, default=None),
        ended_at=report.ended_at or known.ended_at,
        local_metrics=local,
        remote_metrics=remote,
        mos=lowest(local, remote),
    )


def _told(alerts: tuple[QualityAlert, ...], newest: QualityAlert) -> tuple[QualityAlert, ...]:
    """The last word on each metric and direction, the newest at the end."""
    others = [alert for alert in alerts if (alert.metric, alert.direction) != (newest.metric, newest.direction)]
    return (*others, newest)[-MAX_ALERTS:]


def _counts_for(call: CallQuality) -> tuple[Mac | Place, ...]:
    place = Place(call.tenant, call.site)
    return (call.device, place) if call.device else (place,)
