"""A test whose emulator is not installed is skipped on a developer's machine, and fails where all tests are to run."""

import pytest
from mgecc.toolrun.emulators import EmulatorMissing
from missing import skip_without_emulator


def ended(monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    monkeypatch.setenv("CI", ci)
    hook = skip_without_emulator()
    next(hook)
    hook.throw(EmulatorMissing("qemu-other is not installed"))


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", EmulatorMissing)])
def test_a_missing_emulator_fails_where_all_tests_are_to_run(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(outcome, match="qemu-other"):
        ended(monkeypatch, ci)


def test_tests_go_through_it(pytestconfig: pytest.Config) -> None:
    for name in ("pytest_runtest_setup", "pytest_runtest_call"):
        hooks = getattr(pytestconfig.hook, name).get_hookimpls()
        assert any(hook.function is skip_without_emulator for hook in hooks)
