"""A model folder, such as mgecc export makes, is named where a configuration is."""

from __future__ import annotations

from tests.scons.conftest import Checkout


def test_a_folder_stands_for_its_model_yaml_on_the_command_line(checkout: Checkout) -> None:
    said = checkout.scons("config=models/first", "target=x86_64", "cache_mode=off")
    assert "MGE   x86_64 first" in said


def test_a_folder_stands_for_its_model_yaml_in_a_rule(checkout: Checkout) -> None:
    (checkout.root / "SConstruct").write_text(
        'env = Environment(tools=["default", "mgecc"], toolpath=["site_scons/site_tools"])\n'
        'env.MgeModel("own", config="models/second", target="x86_64")\n'
        'env.MgeModel("own2", config="models/second/", target="x86_64")\n'
    )
    said = checkout.scons("-Q", "-j1")
    assert "MGE   x86_64 own" in said and "MGE   x86_64 own2" in said
