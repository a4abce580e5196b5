"""How many SIP messages a second are parsed, against the two parsers on PyPI that do the same?

The corpus is what arrives every day (REGISTER, OPTIONS, 200, 401, NOTIFY, PUBLISH with its report) and every torture
message of RFC 4475 and RFC 5118; those that the three do not read alike are told apart and left out of the race.

Three steps are timed. *Split*: bytes to a message, which is what each does at once. Ours checks every line, unfolds,
knows the length of the body; sippy makes an object of every header and reads the Request-URI; sipmessage decodes the
lines and reads the Request-URI. *Registrar*: split, and the values a registrar reads (top Via, From, To, Call-ID, CSeq,
every Contact, the URIs in them). *Answer*: the same for the 200 to our OPTIONS alone, most of what arrives.
In each round all three take their turns; figures are medians of the rounds.

    .venv/bin/python -m pip install --target /tmp/parsers sippy==2.5.0 sipmessage==0.7.1
    .venv/bin/python -m bench.parser --peers /tmp/parsers [--rounds 9] [--seconds 0.5]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from daemon.sip.message import Request, Response
from daemon.sip.parser import parse
from daemon.sip.uri import parse_sip_uri

DATA = Path(__file__).parents[1] / "tests" / "data" / "sip"
FOLDERS = ("everyday", "rfc4475", "rfc5118")

# What everybody must have read alike: Call-ID, CSeq, host of the top Via, From's tag, how many Contacts.
Reading = tuple[str, int, str, str | None, int]


@dataclass(frozen=True)
class Contestant:
    """A parser: bytes to its message, and its message to what a registrar wants to know."""

    name: str
    split: Callable[[bytes], Any]
    read: Callable[[Any], Reading]


def _our_read(message: Request | Response) -> Reading:
    if isinstance(message, Request):
        _our_uri(message.uri)
    via, cseq, from_, contacts = message.top_via(), message.cseq(), message.from_(), message.contacts()
    for address in (from_, message.to(), *contacts):
        _our_uri(address.uri)
    return message.first("call-id"), cseq.number, via.host, from_.params.get("tag"), len(contacts)


def _our_uri(text: str) -> None:
    if text[:4].lower() in ("sip:", "sips"):
        parse_sip_uri(text)


def ours() -> Contestant:
    return Contestant("Ringkeeper", parse, _our_read)


def sippy() -> Contestant:
    request = import_module("sippy.SipRequest").SipRequest
    response = import_module("sippy.SipResponse").SipResponse

    def split(data: bytes) -> Any:
        text = data.decode()
        return (response if text.startswith("SIP/2.0") else request)(text)

    def read(message: Any) -> Reading:
        via, cseq, from_ = (message.getHFBody(name) for name in ("via", "cseq", "from"))
        message.getHFBody("to")
        contacts = message.getHFBodys("contact")
        call_id = message.getHFBody("call-id")
        return str(call_id), cseq.cseq, via.hostname, from_.address.params.get("tag"), len(contacts)

    return Contestant("sippy 2.5.0", split, read)


def sipmessage() -> Contestant:
    message_class = import_module("sipmessage").Message

    def read(message: Any) -> Reading:
        via, cseq, from_, contacts = message.via[0], message.cseq, message.from_address, message.contact
        _ = message.to_address
        return message.call_id, cseq.sequence, via.host, from_.parameters.get("tag"), len(contacts)

    return Contestant("sipmessage 0.7.1", message_class.parse, read)


def reading(contestant: Contestant, data: bytes) -> Reading | None:
    """What it makes of a message; None if it raises, whatever that is: two of the three raise all sorts of things."""
    with suppress(Exception), redirect_stdout(StringIO()):  # sippy prints about bodies
        return contestant.read(contestant.split(data))
    return None


def rate(work: Callable[[bytes], object], corpus: list[bytes], seconds: float) -> float:
    """Messages a second of processor time."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for data in corpus:
            work(data)
        done += len(corpus)
    return done / spent


def alike(contestants: Iterable[Contestant], files: list[Path]) -> list[Path]:
    """The files that all of them read, and read alike; says what each does not read."""
    readings = {one.name: [reading(one, path.read_bytes()) for path in files] for one in contestants}
    for name, answers in readings.items():
        print(f"{name}: reads {sum(answer is not None for answer in answers)} of {len(files)}")
    return [
        path
        for path, answers in zip(files, zip(*readings.values(), strict=True), strict=True)
        if None not in answers and len(set(answers)) == 1
    ]


def race(title: str, work: dict[str, Callable[[bytes], object]], corpus: list[bytes], rounds: int, s: float) -> None:
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, function in work.items():
            rates[name].append(rate(function, corpus, s))
    own = median(rates[ours().name])
    print(f"\n{title}, {len(corpus)} messages, {sum(map(len, corpus)) // len(corpus)} bytes each")
    for name, seen in rates.items():
        middle = median(seen)
        print(f"  {name:18} {middle:9,.0f} a second  {1e6 / middle:6.1f} µs  Ringkeeper/this {own / middle:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="where sippy and sipmessage are installed")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="per parser and round")
    options = parser.parse_args()
    sys.path.append(str(options.peers))  # behind our own, so that only these two come from there

    contestants = [ours(), sippy(), sipmessage()]
    files = [path for folder in FOLDERS for path in sorted((DATA / folder).glob("*.dat"))]
    common = alike(contestants, files)
    print(f"in the race: {', '.join(path.stem for path in common)}")
    corpus = [path.read_bytes() for path in common]
    everyday = [path.read_bytes() for path in common if path.parent.name == "everyday"]
    answer = [(DATA / "everyday" / "ok.dat").read_bytes()]
    splits: dict[str, Callable[[bytes], object]] = {one.name: one.split for one in contestants}
    reads: dict[str, Callable[[bytes], object]] = {one.name: _both(one) for one in contestants}
    race("Split, everyday", splits, everyday, options.rounds, options.seconds)
    race("Registrar, everyday", reads, everyday, options.rounds, options.seconds)
    race("Registrar, everyday and torture", reads, corpus, options.rounds, options.seconds)
    race("Answer", reads, answer, options.rounds, options.seconds)


def _both(one: Contestant) -> Callable[[bytes], object]:
    split, read = one.split, one.read
    return lambda data: read(split(data))


if __name__ == "__main__":
    main()
