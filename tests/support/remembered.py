"""What a store should remember, as plain dicts: the oracle its tests compare with, and random commands for both."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from daemon.fleet.model import Mac, Transition
from daemon.fleet.notifications import Notification, PastAlarm
from daemon.fleet.records import Document, FileVersion, Snapshot
from daemon.fleet.store_commands import (
    AppendTransition,
    DropAlarm,
    DropConnection,
    DropDevice,
    DropDocument,
    DropFileVersion,
    DropItem,
    DropOperation,
    DropOperator,
    DropRequest,
    DropShelf,
    DropStoredFile,
    DropTenant,
    DropUser,
    Notify,
    RecordAlarm,
    SaveAlarm,
    SaveCall,
    SaveConnection,
    SaveDevice,
    SaveDocument,
    SaveFileVersion,
    SaveItem,
    SaveLastSeen,
    SaveMark,
    SaveNumber,
    SaveOperation,
    SaveOperator,
    SaveRequest,
    SaveServer,
    SaveShelf,
    SaveState,
    SaveStoredFile,
    SaveTenant,
    SaveUser,
    StoreCommand,
)
from tests.support import nouns

commands: st.SearchStrategy[StoreCommand] = st.one_of(
    st.builds(SaveTenant, nouns.tenants),
    st.builds(DropTenant, nouns.names),
    st.builds(SaveUser, nouns.users),
    st.builds(DropUser, nouns.users.map(lambda user: user.key)),
    st.builds(SaveDocument, nouns.documents),
    st.builds(DropDocument, nouns.documents.map(lambda document: document.id)),
    st.builds(SaveStoredFile, nouns.stored_files),
    st.builds(DropStoredFile, nouns.names),
    st.builds(SaveFileVersion, nouns.file_versions),
    st.builds(DropFileVersion, nouns.file_versions.map(lambda version: version.id)),
    st.builds(SaveServer, nouns.servers),
    st.builds(SaveDevice, nouns.records()),
    st.builds(SaveState, nouns.states()),
    st.builds(SaveLastSeen, nouns.macs, nouns.times),
    st.builds(DropDevice, nouns.macs),
    st.builds(AppendTransition, nouns.transitions),
    st.builds(SaveAlarm, nouns.alarms),
    st.builds(DropAlarm, nouns.names),
    st.builds(RecordAlarm, nouns.past_alarms),
    st.builds(SaveShelf, nouns.shelves),
    st.builds(DropShelf, st.integers(1, 4)),
    st.builds(SaveNumber, nouns.numbers),
    st.builds(SaveRequest, nouns.requests),
    st.builds(DropRequest, st.integers(1, 8)),
    st.builds(SaveOperation, nouns.operations),
    st.builds(DropOperation, st.integers(1, 4)),
    st.builds(SaveItem, nouns.operation_items),
    st.builds(DropItem, nouns.operation_items.map(lambda item: item.key)),
    st.builds(SaveOperator, nouns.operators),
    st.builds(DropOperator, nouns.names),
    st.builds(SaveConnection, nouns.connections),
    st.builds(DropConnection, nouns.names),
    st.builds(SaveCall, nouns.calls),
    st.builds(SaveMark, nouns.names, nouns.times),
    st.builds(Notify, nouns.notifications),
)


def _version(document: Document) -> int:
    return document.version


def _number(version: FileVersion) -> int:
    return version.number


def _identity(version: FileVersion) -> str:
    return version.id


class Remembered:
    """Carries out one command after another, at once and without a disk."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Any]] = {name: {} for name in Snapshot.__dataclass_fields__}
        self.past_alarms: dict[int, PastAlarm] = {}
        self.transitions: list[Transition] = []
        self.notifications: list[Notification] = []

    def handle(self, command: StoreCommand) -> None:
        """What the command says, literally."""
        tables = self.tables
        match command:
            case SaveTenant(noun) | SaveServer(noun) | SaveOperator(noun):
                plural = type(noun).__name__.lower() + "s"
                tables[plural][noun.name] = noun
            case DropTenant(key):
                tables["tenants"].pop(key, None)
            case SaveUser(noun):
                tables["users"][noun.key] = noun
            case DropUser(key):
                tables["users"].pop(key, None)
            case SaveDocument(noun):
                tables["documents"][noun.id] = noun
            case DropDocument(key):
                tables["documents"].pop(key, None)
            case SaveStoredFile(noun):
                tables["files"][noun.name] = noun
            case DropStoredFile(key):
                tables["files"].pop(key, None)
            case SaveFileVersion(noun):
                tables["file_versions"][noun.id] = noun
            case DropFileVersion(key):
                tables["file_versions"].pop(key, None)
            case SaveDevice(noun):
                tables["records"][noun.mac] = noun
            case SaveState(noun):
                tables["states"][noun.mac] = noun
            case SaveLastSeen(mac, at) if mac in tables["states"]:
                tables["states"][mac] = replace(tables["states"][mac], last_seen=at)
            case DropDevice(mac):
                self._drop(mac)
            case SaveAlarm(noun) | SaveRequest(noun):
                plural = "alarms" if isinstance(command, SaveAlarm) else "requests"
                tables[plural][noun.id] = noun
            case DropAlarm(key):
                tables["alarms"].pop(key, None)
            case RecordAlarm(noun):
                self.past_alarms[noun.id] = noun
            case SaveShelf(noun):
                tables["shelves"][noun.id] = noun
            case DropShelf(key):
                tables["shelves"].pop(key, None)
            case DropRequest(key):
                tables["requests"].pop(key, None)
            case SaveOperation(noun):
                tables["operations"][noun.id] = noun
            case DropOperation(key):
                tables["operations"].pop(key, None)
            case SaveItem(noun):
                tables["operation_items"][noun.key] = noun
            case DropItem(key):
                tables["operation_items"].pop(key, None)
            case DropOperator(key):
                tables["operators"].pop(key, None)
            case SaveConnection(noun):
                tables["connections"][noun.record.name] = noun
            case DropConnection(key):
                tables["connections"].pop(key, None)
            case SaveNumber(noun):
                tables["numbers"][noun.number] = noun
            case SaveCall(noun):
                tables["calls"][noun.id] = noun
            case SaveMark(name, value):
                tables["marks"][name] = value
            case AppendTransition(noun):
                self.transitions.append(noun)
            case Notify(noun):
                self.notifications.append(noun)
            case _:
                assert isinstance(command, SaveLastSeen)  # of a device without a state: nothing

    def snapshot(self) -> Snapshot:
        """What a reload should find."""
        ordered: dict[str, Any]
        ordered = {name: tuple(table[key] for key in sorted(table)) for name, table in self.tables.items()}
        ordered["alarms_recorded"] = max(self.past_alarms, default=0)
        newest_first = sorted(self.tables["calls"].values(), key=lambda call: (call.at, call.id), reverse=True)
        ordered["calls"] = tuple(replace(call, text="") for call in newest_first)
        newest = {document.path: document for document in sorted(self.tables["documents"].values(), key=_version)}
        ordered["documents"] = tuple(sorted(newest.values(), key=lambda document: document.id))
        given = {version.mac: version for version in sorted(self.tables["file_versions"].values(), key=_number)}
        ordered["file_versions"] = tuple(sorted((replace(each, body="") for each in given.values()), key=_identity))
        return Snapshot(**{**ordered, "marks": MappingProxyType(self.tables["marks"])})

    def timeline(self, mac: Mac) -> list[Transition]:
        """A device's steps, newest first."""
        return [step for step in reversed(self.transitions) if step.key == mac]

    def _drop(self, mac: Mac) -> None:
        self.tables["records"].pop(mac, None)
        self.tables["states"].pop(mac, None)
        waiting = self.tables["requests"]
        self.tables["requests"] = {key: request for key, request in waiting.items() if request.mac != mac}
