"""Whether the certificates that the configuration names can be used: readable, PEM, and a key that fits.

Run when the configuration is read, so that a renewal gone wrong is found by `check-config` and refused by a reload.
Also whether phones that are believed by their certificates alone could ever show one.
Not here: what is done with them (`tls_contexts`, `daemon.sip.tls`).
"""

from __future__ import annotations

import ssl
from pathlib import Path

from daemon.config.block import Block
from daemon.config.settings import Settings
from daemon.config.sheet import Sheet, Where

_AUTHORITIES = ("client_ca", "ca")
# By these a phone gets its first complete file; the secret, which a login shows, too, comes to it in that file.
_FIRST_CONTACT = frozenset({"token", "window", "addresses"})


def check_certificates(settings: Settings, sheet: Sheet) -> None:
    """Note every file that cannot be used."""
    _check_block(settings.sip.tls, ("sip", "tls"), sheet)
    _check_block(settings.http.phones.tls, ("http", "phones", "tls"), sheet)
    _check_block(settings.http.operators.tls, ("http", "operators", "tls"), sheet)
    for index, output in enumerate(settings.outputs):
        _check_block(output, ("outputs", index), sheet)
    _check_rungs(settings, sheet)


def _check_rungs(settings: Settings, sheet: Sheet) -> None:
    rungs = settings.provisioning.rungs
    if settings.http.phones.takes_certificates or "certificate" not in rungs or _FIRST_CONTACT.intersection(rungs):
        return
    wrong = "certificate is all that a new phone could prove itself by, and no phone can show one"
    hint = "write http.phones.tls.client_ca and an https:// address in http.phones.listen, or add token or window"
    sheet.fault(("provisioning", "rungs"), wrong, hint)


def _check_block(tls: Block, block: Where, sheet: Sheet) -> None:
    files: dict[str, Path] = {name: value for name, value in tls if isinstance(value, Path)}
    readable = {name for name, path in files.items() if _check_readable(sheet, (*block, name), path)}
    for name in readable.intersection(_AUTHORITIES):
        _check_authorities(sheet, (*block, name), files[name])
    if {"certificate", "key"} <= readable:
        _check_pair(sheet, block, files["certificate"], files["key"])


def _check_readable(sheet: Sheet, where: Where, path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError as error:
        sheet.fault(where, f"{path} cannot be read: {error.strerror}", "check its name and its owner")
        return False


def _check_authorities(sheet: Sheet, where: Where, path: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        sheet.fault(where, f"{path} holds no certificate", "it must hold one or more in PEM")


def _check_pair(sheet: Sheet, block: Where, certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            wrong = f"{key} does not belong to the certificate"
            sheet.fault((*block, "key"), wrong, "name the key it was made with")
        else:
            hint = "both must be PEM, the certificate first in its chain, the key without a password"
            sheet.fault((*block, "certificate"), f"{certificate} and {key} cannot be used", hint)
