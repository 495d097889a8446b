"""Targets by name, with features and CPUs."""

from __future__ import annotations

import pytest
from mgecc.targets import TargetError, load_target, target, target_names, target_options


def march(name: str) -> list[str]:
    return [flag for flag in load_target(name).cflags if flag.startswith("-march=")]


def test_features_add_up() -> None:
    assert march("arm64") == ["-march=armv8-a"]
    assert march("arm64+dot") == ["-march=armv8.2-a+dotprod"]
    assert march("arm64+dot+fp16") == ["-march=armv8.2-a+dotprod+fp16"]
    assert march("arm64+i8mm+dot") == ["-march=armv8.6-a+dotprod+i8mm"]
    assert load_target("arm64+fp16+dot").name == "arm64+dot+fp16"


@pytest.mark.parametrize("name", target_names())
def test_every_target_loads_with_each_of_its_features_and_cpus(name: str) -> None:
    features, cpus = target_options(name)
    for feature in features:
        assert load_target(f"{name}+{feature}").features == (feature,)
    for cpu in cpus:
        assert cpu == "native" or load_target(name, cpu).cpu == cpu


_LEVELS = {"v2": "sse4_2", "v3": "avx2 fma", "v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
           "v4-vnni": "avx512_vnni", "v4-amx": "amx_tile amx_int8"}  # fmt: skip


@pytest.mark.parametrize("cpu", _LEVELS)
def test_native_is_the_best_that_the_machine_runs(cpu: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = list(_LEVELS)[: list(_LEVELS).index(cpu) + 1]
    flags = frozenset(" ".join(_LEVELS[each] for each in known).split())
    monkeypatch.setattr(target, "host_flags", lambda: flags)
    assert load_target("x86_64", "native") == load_target("x86_64", cpu)


def test_native_of_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "host_flags", lambda: None)
    with pytest.raises(TargetError, match="this machine runs nothing for x86_64"):
        load_target("x86_64", "native")


def test_other_names_are_aliases() -> None:
    assert load_target("arm64v7_with_dot").members == ("arm64+dot", "armv7+dot")
    assert load_target("amd64").name == "x86_64"


def test_unknown_names_suggest_the_nearest() -> None:
    for text, cpu, hint in [("arm6", "", "arm64"), ("arm64+dto", "", "dot"), ("x86_64", "v33", "v3")]:
        with pytest.raises(TargetError, match=f"did you mean {hint}"):
            load_target(text, cpu)
