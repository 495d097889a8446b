"""Models in Bazel: mge_model, mge_pipeline, mge_cv give cc libraries, mge_test compares with recorded outputs."""

load(":model.bzl", "mge_library")
load(":test.bzl", _mge_test = "mge_test")

# Target for the platform that is built for, unless a rule says another: instructions that all such processors have.
_BY_PLATFORM = {
    "@platforms//cpu:aarch64": "arm64",
    "@platforms//cpu:arm": "armv7",
    "@platforms//cpu:x86_64": "x86_64",
    "//conditions:default": "cortex-m0",
}

def _library(name, target, machine, **options):
    chosen = "" if machine else (target or select(_BY_PLATFORM))
    mge_library(name = name, target = chosen, machine = machine, **options)

def mge_model(name, config, data = [], target = None, machine = None, **options):
    """A library of a model, with the headers NAME.h and mgecc.h.

    Args:
      name: of the library, and in C: NAME_open.
      config: a model.yaml or a model file.
      data: files that it names: the model, C files of your own with their headers.
      target: machine as `mgecc targets` lists them, or a select(); without it, that of the platform.
      machine: in its place a file that describes one.
      **options: cpu, optimize, threads, copts, and what all rules take.
    """
    _library(name, target, machine, configs = [config], data = data, **options)

def mge_pipeline(name, models, data = [], target = None, machine = None, **options):
    """One library of several models, which share kernels; each has its header. See mge_model.

    Args:
      name: of the library.
      models: model.yaml or model files.
      data: files that these name.
      target: see mge_model.
      machine: see mge_model.
      **options: see mge_model.
    """
    _library(name, target, machine, configs = models, data = data, pipeline = True, **options)

def mge_cv(name, functions, target = None, machine = None, **options):
    """A library of image functions without a model, with the header NAME_cv.h.

    Args:
      name: of the library.
      functions: names with element types: {"resize_linear": ["ui8", "f32"]}.
      target: see mge_model.
      machine: see mge_model.
      **options: see mge_model.
    """
    _library(name, target, machine, functions = functions, **options)

mge_test = _mge_test
