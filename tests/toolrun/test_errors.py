"""Every error of a model or of the user's becomes one InputError that names the file."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from mgecc.config import CasesError
from mgecc.emit import EmitError
from mgecc.errors import FAILED, INPUT, InputError, Reported, status_of_system
from mgecc.frontends.mge import MgeError
from mgecc.graph import CompileError, Unsupported
from mgecc.interpret import InterpretError
from mgecc.targets import TargetError, ToolchainMissing
from mgecc.toolrun.products import compile_products, read_any, user_errors

CORPUS = Path(__file__).parents[1] / "data" / "mge-corpus"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MgeError("cut off", 7), "net.mge: cut off (at byte 7)"),
        (Unsupported("no such thing", "take another"), "net.mge: no such thing; take another"),
        (Unsupported("no such thing"), "net.mge: no such thing"),
        (EmitError("it is large"), "net.mge: the program does not fit the blob format: it is large"),
        (InterpretError("x is missing"), "net.mge: x is missing"),
        (CompileError("own.mge", []), "own.mge: 0 problems"),
        (TargetError("unknown target"), "unknown target"),
        (CasesError("in.npz: no arrays"), "in.npz: no arrays"),
        (FileNotFoundError(2, "No such file", "net.mge"), "net.mge: No such file"),
    ],
)
def test_errors_of_the_users_name_their_file(error: Exception, text: str) -> None:
    with pytest.raises(InputError) as caught, user_errors("net.mge"):
        raise error
    assert str(caught.value) == text


@pytest.mark.parametrize("error", [ToolchainMissing("no zig"), ZeroDivisionError("x")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, user_errors("net.mge"):
        raise error
    assert caught.value is error and not isinstance(error, InputError)


def test_every_kind_has_the_status_of_its_family() -> None:
    def family(kind: type[Reported]) -> list[type[Reported]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in family(sub))]

    assert {kind.status for kind in family(InputError)} == {InputError.status}
    assert ToolchainMissing.status != InputError.status


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.EROFS])
def test_paths_are_the_users_to_mend(number: int) -> None:
    assert status_of_system(OSError(number, "")) == INPUT


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE])
def test_what_the_machine_lacks_is_a_failure(number: int) -> None:
    assert status_of_system(OSError(number, "")) == FAILED


def test_a_model_of_several_is_told_with_its_remedy(tmp_path: Path) -> None:
    shape = "x=(3,7,5)"
    models = [
        {"model_name": "m", "model_path": str(CORPUS / "softmax.mge"), "input_shape_str": f"{shape}:{shape}"}
    ]
    path = tmp_path / "pair.json"
    path.write_text(json.dumps({"models": models, "cv": {}}))
    with pytest.raises(InputError) as caught:
        compile_products(read_any(path), "baremetal")
    assert str(caught.value).count("leave one of them out of input_shapes") == 1
