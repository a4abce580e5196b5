"""Whether the certificates that the configuration names can be used: readable, PEM, and a key that fits.

Run when the configuration is read, so that a renewal gone wrong is found by `check-config` and refused by a reload.
Not here: what is done with them (`daemon.sip.tls`).
"""

from __future__ import annotations

import ssl
from pathlib import Path

from daemon.config.settings import SipTls
from daemon.config.sheet import Sheet

_BLOCK = ("sip", "tls")


def check_certificates(tls: SipTls, sheet: Sheet) -> None:
    """Note every file that cannot be used."""
    authorities = {"client_ca": tls.client_ca, "ca": tls.ca}
    files = {"certificate": tls.certificate, "key": tls.key, **authorities}
    readable = {name for name, path in files.items() if path is not None and _check_readable(sheet, name, path)}
    for name in authorities.keys() & readable:
        _check_authorities(sheet, name, files[name])
    if {"certificate", "key"} <= readable:
        _check_pair(sheet, files["certificate"], files["key"])


def _check_readable(sheet: Sheet, name: str, path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError as error:
        sheet.fault((*_BLOCK, name), f"{path} cannot be read: {error.strerror}", "check its name and its owner")
        return False


def _check_authorities(sheet: Sheet, name: str, path: Path | None) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        sheet.fault((*_BLOCK, name), f"{path} holds no certificate", "it must hold one or more in PEM")


def _check_pair(sheet: Sheet, certificate: Path | None, key: Path | None) -> None:
    try:
        if certificate is not None:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            sheet.fault((*_BLOCK, "key"), f"{key} does not belong to the certificate", "name the key it was made with")
        else:
            hint = "both must be PEM, the certificate first in its chain, the key without a password"
            sheet.fault((*_BLOCK, "certificate"), f"{certificate} and {key} cannot be used", hint)
