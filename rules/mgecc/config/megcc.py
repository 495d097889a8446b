"""MegCC's JSON configurations: several models that become one library with one set of kernels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mgecc.config.document import Document, Keys, read_document
from mgecc.config.load import default_verify, function_name
from mgecc.config.megcc_text import Shapes, TextError, results_of_loaders, shape_sets
from mgecc.config.model import CustomConfig, InputConfig, ModelConfig, check_model_name, check_name
from mgecc.config.schema import MEGCC_SCHEMA, validate

_LAYOUT = "layouts are chosen by cost, layer by layer"
_DOT = "dot products are a feature of the target: arm64+dot, armv7+dot, arm64v7+dot"
_LINKED = "functions of custom operators are linked, not loaded"
_NO_EFFECT = {
    "enable_nchw44": _LAYOUT,
    "enable_nchw44_dot": f"{_LAYOUT}; {_DOT}",
    "enable_nchw88": _LAYOUT,
    "mgb_fuse_kernel": "what can be fused always is",
    "extern_opr_loader_env": _LINKED,
    "extern_opr_loader_path_with_interface": _LINKED,
}
_OPTIONS = ("enable_ioc16", "enable_compress_fp16", "add_nhwc2nchw_to_input")


@dataclass(frozen=True)
class LibraryConfig:
    """Models of one library. ``notes``: what the file says that has no effect, one line each."""

    path: Path
    name: str
    models: tuple[ModelConfig, ...]
    dump_dir: Path | None = None
    cv: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sources(self) -> list[Path]:
        """C files of the user's that belong into the library, each once."""
        return list(dict.fromkeys(path for model in self.models for path in model.sources))

    @property
    def optimize(self) -> str:
        return self.models[0].optimize if self.models else "speed"


def is_megcc(path: Path) -> bool:
    """Whether a file is a JSON configuration of several models, not a model.yaml written as JSON."""
    if path.suffix != ".json" or not os.path.isfile(path):
        return False
    with path.open("rb") as file:
        return re.search(rb'"(models|dump_dir)"\s*:|"model"\s*:\s*\[', file.read(1 << 16)) is not None


def load_megcc(path: Path | str, name: str = "", optimize: str = "", complete: bool = True) -> LibraryConfig:
    """Read MegCC's JSON. The library is called ``name``, or like the file.

    Model files are looked for beside the configuration, then in the current folder, as MegCC does; unless
    ``complete`` is set, those that are in neither are left for the compiler to report.
    Raises ConfigError with every problem found, each with file:line:column.
    """
    path = Path(path)
    document = read_document(path)
    document.value = _without_comments(document.value)
    _take_key_of_template(document)
    validate(document, MEGCC_SCHEMA)
    document.check()
    own = name or re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    why = check_name(own)
    if why:
        document.add((1, 1), f"{why}; give the library another name")
    value = document.value
    models = [_model(document, i, given, complete) for i, given in enumerate(value.get("models", ()))]
    _check_names(document, models)
    cv = tuple(sorted({(n, dtype) for n, dtypes in value.get("cv", {}).items() for dtype in dtypes}))
    if not models and not cv:
        document.add((1, 1), "there are neither 'models' nor functions below 'cv'")
    document.check()
    dump = path.parent / value["dump_dir"] if "dump_dir" in value else None
    changed = tuple(replace(model, optimize=optimize or model.optimize) for model in models)
    return LibraryConfig(path, own, changed, dump, cv, tuple(_notes(document)))


def megcc_model(config: ModelConfig, given: dict[str, Any]) -> ModelConfig:
    """A model's configuration with keys of MegCC's JSON from the command line. Raises ConfigError."""
    document = Document("command line")
    sets = _shape_sets(document, (), given)
    custom = _custom(document, (), given)
    document.check()
    shapes = {key: InputConfig(shape) for key, shape in sorted(sets[0].items())} if len(sets) == 1 else {}
    kept = {
        key: replace(value, shape=shapes[key].shape) for key, value in config.inputs.items() if key in shapes
    }
    return replace(
        config,
        inputs=config.inputs | shapes | kept,
        input_shapes=tuple(sets) if len(sets) > 1 else config.input_shapes,
        options=config.options | {key: True for key in _OPTIONS if given.get(key)},
        custom=config.custom | custom,
    )


def megcc_notes(given: dict[str, Any]) -> list[str]:
    """What of such keys has no effect, and why."""
    return [f"'{key}' has no effect: {_NO_EFFECT[key]}" for key in given if key in _NO_EFFECT]


def _without_comments(value: Any) -> Any:
    """The value without keys that begin with @, or end so, as in the template that MegCC writes."""
    if isinstance(value, dict):
        kept = {key: v for key, v in value.items() if not key.startswith("@") and not key.endswith("@")}
        return {key: _without_comments(v) for key, v in kept.items()}
    return [_without_comments(v) for v in value] if isinstance(value, list) else value


def _take_key_of_template(document: Document) -> None:
    """MegCC's own template calls the list ``model``, its parser ``models``."""
    value = document.value
    if isinstance(value, dict) and isinstance(value.get("model"), list) and "models" not in value:
        value["models"] = value.pop("model")
        for places in (document.keys, document.values):
            renamed = {
                ("models", *keys[1:]): place for keys, place in places.items() if keys[:1] == ("model",)
            }
            places.update(renamed)


def _check_names(document: Document, models: list[ModelConfig]) -> None:
    names = [model.name for model in models]
    for i, name in enumerate(names):
        if name in names[:i]:
            document.add_at(("models", i, "model_name"), f"two models are called '{name}'")


def _model(document: Document, index: int, given: dict[str, Any], complete: bool) -> ModelConfig:
    here: Keys = ("models", index)
    folder = Path(document.file).parent
    stem = given["model_path"].replace("\\", "/").rsplit("/", 1)[-1].partition(".")[0]
    name = given.get("model_name") or re.sub(r"\W", "_", stem, flags=re.ASCII)
    why = check_model_name(name)
    if why:
        document.add_at((*here, "model_name"), f"{why}; give the model another name with 'model_name'")
    sets = _shape_sets(document, here, given)
    line, column = document.values[here]
    file = _model_file(document, (*here, "model_path"), folder, given["model_path"], complete)
    return ModelConfig(
        path=Path(document.file),
        name=name,
        place=f"{document.file}:{line}:{column}",
        model=file,
        inputs={key: InputConfig(shape) for key, shape in sorted(sets[0].items())} if len(sets) == 1 else {},
        input_shapes=tuple(sets) if len(sets) > 1 else (),
        verify=default_verify(file),
        options={key: True for key in _OPTIONS if given.get(key)},
        custom=_custom(document, here, given),
    )


def _model_file(document: Document, keys: Keys, folder: Path, text: str, complete: bool) -> Path:
    places = [folder / text, Path(text)]
    found = next(filter(os.path.isfile, places), None)
    if found is None and (complete or "\0" in text):
        document.add_at(keys, f"there is no file '{text}' beside the configuration or in the current folder")
    return found or places[0]


def _shape_sets(document: Document, here: Keys, given: dict[str, Any]) -> list[Shapes]:
    try:
        return shape_sets(given.get("input_shape_str", ""))
    except TextError as error:
        document.add_at((*here, error.key), str(error))
        return []


def _custom(document: Document, here: Keys, given: dict[str, Any]) -> dict[str, CustomConfig]:
    texts = [given.get(f"extern_opr_output_{what}", "") for what in ("shape", "dtype")]
    try:
        found = results_of_loaders(*texts)
    except TextError as error:
        document.add_at((*here, error.key), str(error))
        return {}
    return {
        loader: CustomConfig(function_name(loader), results, optional=True)
        for loader, results in sorted(found.items())
    }


def _notes(document: Document) -> Iterator[str]:
    for i, given in enumerate(document.value.get("models", ())):
        for key in sorted(set(given) & set(_NO_EFFECT)):
            if given[key]:
                line, column = document.keys["models", i, key]
                yield f"{document.file}:{line}:{column}: '{key}' has no effect: {_NO_EFFECT[key]}"
