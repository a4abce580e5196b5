from __future__ import annotations

from daemon.fleet.acts import DocumentsWritten, InventoryApplied
from daemon.http.operators.provisioning.placeholder_scopes import scope_named
from daemon.provisioning.placeholders.lookup import Family
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet


async def test_each_scope_knows_its_family_and_what_replaces_its_table() -> None:
    desk = DeskWithFleet(record()).app.desk
    found = {path: scope_named(desk, path) for path in ("system", "template/420HD", "site/acme/hq", f"device/{MAC}")}
    assert [scope.family for scope in found.values()] == [Family.SYSTEM, Family.TEMPLATE, Family.SITE, Family.DEVICE]
    acts = {path: scope.replaced(desk, {"A": "1"}, "ann") for path, scope in found.items()}
    system, site = acts["system"], acts["site/acme/hq"]
    assert isinstance(system, DocumentsWritten)
    assert system.drafts[0].path == "placeholders"
    assert isinstance(site, InventoryApplied)
    assert [(each.name, dict(each.placeholders)) for each in site.inventory.tenants[0].sites] == [("hq", {"A": "1"})]
    device = acts[f"device/{MAC}"]
    assert isinstance(device, InventoryApplied)
    assert device.inventory.device_fields == {MAC: frozenset({"placeholders"})}
    empty = found["template/420HD"].replaced(desk, {}, "ann")
    assert isinstance(empty, DocumentsWritten)
    assert (empty.drafts[0].path, empty.drafts[0].body) == ("placeholders/420HD", "")
