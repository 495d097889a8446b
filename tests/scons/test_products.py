"""What rules return has its roles as a frozen dataclass, and as attributes of the list of nodes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
from mgecc.scons.products import ProductNodes, Products

from .conftest import Checkout

GIVEN = Products("net", "arm64", "", "arm64", "zig", "speed", "build/arm64/net")
SCONSTRUCT = """
from dataclasses import fields
env = Environment(tools=[])
env.Tool("mgecc", toolpath=["site_scons/site_tools"])
net = env.MgeModel("first", "models/first/model.yaml", target="arm64")
both = env.MgePipeline("both", ["models/first/model.yaml", "models/second/model.yaml"], target="arm64")
app = env.MgeFirmware("app", ["main.c"], [net], port=False)
cv = env.MgeCv("faces", {"rotate": ["ui8"]}, target="arm64")
for nodes in (net, both, app, cv):
    names = [field.name for field in fields(nodes.products)]
    assert all(getattr(nodes, name) is getattr(nodes.products, name) for name in names)
    print(type(nodes.products).__name__, nodes.products.label, sorted(names))
print(sorted(both.configs), net.configs, net.lib[0], app.models[0] is net, cv.threads)
"""


def test_the_roles_are_attributes_of_the_list() -> None:
    nodes = ProductNodes(["a", "b"], GIVEN)
    assert list(nodes) == ["a", "b"] and nodes.products is GIVEN
    assert all(getattr(nodes, one.name) == getattr(GIVEN, one.name) for one in fields(GIVEN))
    assert list(nodes[1:]) == ["b"] and list(nodes + ["c"]) == ["a", "b", "c"]
    with pytest.raises(FrozenInstanceError):
        GIVEN.name = "other"  # type: ignore[misc]


def test_every_rule_gives_them(checkout: Checkout) -> None:
    (checkout.root / "SConstruct").write_text(SCONSTRUCT)
    (checkout.root / "main.c").write_text("int main(void) { return 0; }\n")
    said = checkout.scons("-n", "build/arm64/first/libfirst.a")
    for kind in ("ModelProducts arm64", "FirmwareProducts arm64", "CvProducts arm64"):
        assert kind in said
    assert "['first', 'second'] {} build/arm64/first/libfirst.a True False" in said
