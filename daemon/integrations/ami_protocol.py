"""The Asterisk Manager Interface as bytes: packets out of a stream, actions into it. Asterisk 1.8 to 22.

A packet is lines of `Key: value`, ended by an empty one; keys may come again. The server greets with one line, the
banner. The output of a command stands in `Output:` keys, and before Asterisk 14 in bare lines up to "--END COMMAND--".
Not here: what a packet means (`ami_session`, `ami_contacts`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.errors import BadMessage

# Asterisk builds its own lines in buffers of at most 8 KiB; a packet with a line for each codec and header has 100.
LONGEST_LINE = 16 * 1024
MOST_LINES = 2000
LONGEST_PACKET = 256 * 1024

_BANNER = "Asterisk Call Manager/"
_END_COMMAND = "--END COMMAND--"
OUTPUT = "Output"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its fields in order, values without the blanks around them."""

    fields: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str:
        """The first value of a key, in whichever case it was written; "" if there is none."""
        wanted = key.lower()
        return next((value for name, value in self.fields if name.lower() == wanted), "")

    def all(self, key: str) -> tuple[str, ...]:
        """Every value of a key that comes again."""
        wanted = key.lower()
        return tuple(value for name, value in self.fields if name.lower() == wanted)


class PacketReader:
    """Bytes in, packets out; `version` is the banner's, "" until it came. Total: packets or `BadMessage`.

    `junk` counts lines that are neither fields nor output.
    """

    def __init__(self) -> None:
        self.version = ""
        self.junk = 0
        self._rest = b""
        self._fields: list[tuple[str, str]] = []
        self._size = 0
        self._output = False  # inside the bare lines of an old command's output

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes.

        `BadMessage` ("banner", "line-too-long" or "packet-too-long"): nothing more can be read from this server.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise BadMessage("line-too-long", f"more than {LONGEST_LINE} bytes without an end")
        packets = []
        for line in lines:
            if len(line) > LONGEST_LINE:
                raise BadMessage("line-too-long", f"{len(line)} bytes")
            if self._take(line.decode(errors="replace").rstrip("\r")):
                packets.append(Packet(tuple(self._fields)))
                self._fields, self._size, self._output = [], 0, False
        return packets

    def _take(self, line: str) -> bool:
        """Take one line; whether it ended a packet."""
        if not self.version:
            self._greet(line)
            return False
        if self._output:
            self._add(OUTPUT, line.removesuffix(_END_COMMAND))
            self._output = not line.endswith(_END_COMMAND)
            return False
        if not line:
            return bool(self._fields)
        key, colon, value = line.partition(":")
        if not colon and self._follows():
            self._output = not line.endswith(_END_COMMAND)
            self._add(OUTPUT, line.removesuffix(_END_COMMAND))
        elif not colon:
            self.junk += 1
        else:
            self._add(key.strip(), value.strip())
        return False

    def _greet(self, line: str) -> None:
        if not line.startswith(_BANNER):
            raise BadMessage("banner", f"this is no Asterisk manager: {line[:60]!r}")
        self.version = line.removeprefix(_BANNER).strip() or "?"

    def _follows(self) -> bool:
        """Whether this is an old command's reply, whose output begins with the first line that is no field."""
        return bool(self._fields) and self._fields[0] == ("Response", "Follows")

    def _add(self, key: str, value: str) -> None:
        self._size += len(key) + len(value)
        if len(self._fields) == MOST_LINES or self._size > LONGEST_PACKET:
            raise BadMessage("packet-too-long", f"more than {MOST_LINES} lines or {LONGEST_PACKET} characters")
        self._fields.append((key, value))


def write_action(action: str, action_id: str, **fields: str) -> bytes:
    """An action as it goes over the wire; line ends in values become blanks, so no value can smuggle in a field."""
    written = {"Action": action, "ActionID": action_id, **fields}
    lines = [f"{key}: {' '.join(value.splitlines())}" for key, value in written.items()]
    return "\r\n".join([*lines, "", ""]).encode()
