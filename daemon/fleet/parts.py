"""What a fleet is made of: the books and deadlines that the handlers of events work on.

One bundle, passed to every handler, instead of one object with a hundred methods. Not here: any rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.config.settings import Settings
from daemon.fleet.alarms.book import AlarmBook
from daemon.fleet.alarms.overload import OverloadWatch
from daemon.fleet.call_book import CallBook
from daemon.fleet.connection import ConnectionBook
from daemon.fleet.documents import DocumentBook
from daemon.fleet.file_book import FileBook
from daemon.fleet.file_history import FileHistory
from daemon.fleet.intake import Intake
from daemon.fleet.learned import LearnedBook
from daemon.fleet.licence import LicenceBook
from daemon.fleet.model import Mac
from daemon.fleet.numbers import NumberBook
from daemon.fleet.operations.book import OperationBook
from daemon.fleet.qualify import Pinging
from daemon.fleet.requests import RequestBook
from daemon.fleet.roster import Roster
from daemon.scheduler.deadlines import Deadlines


@dataclass(slots=True)
class Parts:
    """The state of a fleet."""

    settings: Settings
    roster: Roster
    pinging: Pinging
    alarms: AlarmBook
    numbers: NumberBook
    requests: RequestBook
    operations: OperationBook
    calls: CallBook
    documents: DocumentBook
    files_given: FileHistory
    files: FileBook
    licence: LicenceBook
    connections: ConnectionBook = field(default_factory=ConnectionBook)
    learned: LearnedBook = field(default_factory=LearnedBook)
    overload: OverloadWatch = field(default_factory=OverloadWatch)
    laggards: Deadlines[Mac] = field(default_factory=Deadlines)  # when a LAGGED phone has been so for long
    absences: Deadlines[Mac] = field(default_factory=Deadlines)  # when a phone's silence makes it DISCONNECTED
    heard: set[Mac] = field(default_factory=set)  # heard since the last checkpoint, last_seen not written yet
    intake: Intake | None = None  # a large inventory that is being taken
    graced_until: float = 0.0  # nobody is disconnected before, after an outage of our own
