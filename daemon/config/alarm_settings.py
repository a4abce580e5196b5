"""The settings of alarms: how long one is watched before it is told, what damps a storm, and how much is kept.

Not here: which alarms there are (`daemon.fleet.alarms.catalogue`), to whom they go (`snmp_settings`,
`output_settings`).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from daemon.config.block import DAY, HOUR, MINUTE, Block, Positive
from daemon.config.durations import Duration

AnyTime = Annotated[Duration, Field(ge=0)]


class SiteAlarm(Block):
    """When the phones that vanish at a site are one alarm of the site instead of one each."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5  # of the site's phones that were there when the window began
    back: Annotated[float, Field(ge=0, lt=1)] = 0.2  # the share that may still be away when the site counts as back
    minimum: Annotated[int, Field(ge=2)] = 5  # phones; fewer that vanish together prove nothing about a site
    window: Positive = 5 * MINUTE  # within which they vanish; a dead uplink shows after one or two intervals of pings
    # Phones still away when their site is back get this long before each has an alarm of its own: twice the slowest
    # ping of a dead phone (`qualify.unreachable_interval`), so that everyone was asked since.
    grace: AnyTime = 10 * MINUTE

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.back >= self.share:
            raise ValueError("back must be below share, or a site would be down and back at once")
        return self


class Alarms(Block):
    """From the trouble to the telling of it."""

    # A phone that vanishes is told of when it has stayed away this long: so long it takes to see whether its whole
    # site is gone, since all phones of a site are pinged once in an interval.
    hold_down: AnyTime = MINUTE
    clear_delay: AnyTime = (
        0.0  # how long a phone's trouble must be over before its alarm is; a raise meanwhile undoes it
    )
    # Raised more often than this within the window, an alarm flaps: it stays until it has been quiet for flap_quiet.
    flap_limit: Annotated[int, Field(ge=2)] = 4
    flap_window: Positive = 30 * MINUTE
    flap_quiet: Positive = 15 * MINUTE
    web_login_quiet: Positive = (
        MINUTE  # the vendor's phones clear that alarm after 60 s; so do we, if their clear is lost
    )
    site: SiteAlarm = SiteAlarm()
    # Phones' alarms told at once, and then in a second: a burst that somebody can look through, then one that fills
    # no outbox. What waits for its turn is told later or, if it ends before, never. Sites, connections and our own
    # alarms do not wait.
    storm_burst: Annotated[int, Field(ge=1)] = 200
    storm_rate: Annotated[float, Field(gt=0)] = 5.0
    # Active at once: every phone of the largest fleet with two, and then it is the phones that are broken.
    max_active: Annotated[int, Field(ge=100)] = 60_000
    # New alarms that one device may report within an hour: one that flaps twice a minute. A broken one that invents
    # names would otherwise fill the history with itself.
    raises_per_hour: Annotated[int, Field(ge=1)] = 120
    max_shelves: Annotated[int, Field(ge=1)] = 1000
    longest_shelf: Annotated[Duration, Field(gt=0)] = 90 * DAY  # nobody remembers what was shelved for longer
    history_days: Annotated[int, Field(ge=1)] = 90
    # A site of 1,500 phones that dies once a day for 90 days fills a third of it.
    max_history: Annotated[int, Field(ge=1000)] = 500_000
    lagged_for: AnyTime = HOUR / 2  # how long a phone must be LAGGED to be an alarm: no download takes so long
    # Before the end of a listener's certificate: a month to find who renews it by hand, a week when nobody has.
    certificate_warning: Positive = 30 * DAY
    certificate_major: Positive = 7 * DAY


class OutboxLimits(Block):
    """What is kept for receivers that do not take it: SNMP managers and all other outputs."""

    # Of each receiver, queued and not taken yet. A day of a bad storm: 100 a minute.
    limit: Annotated[int, Field(ge=100)] = 150_000
    age: Positive = 7 * DAY  # what waited longer is of no use to anybody, and is let go
    warning: Annotated[float, Field(gt=0, lt=1)] = 0.5  # of limit or age: then an alarm about the receiver itself
    journal_days: Annotated[int, Field(ge=1)] = 7  # how long what was sent can be sent again on request
