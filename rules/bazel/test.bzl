"""mge_test: a program of the library, linked by the cc toolchain, and a comparison with what was recorded."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain")
load(":model.bzl", "MgeModelInfo")
load(":tool.bzl", "MgeccTool")

_SCRIPT = """\
#!/bin/sh
PYTHONPATH={path} PYTHONDONTWRITEBYTECODE=1 exec {python} -m mgecc verify {words} "$@"
"""

def _link(ctx, info):
    """The runner: its C files, and the model's that says for which library."""
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain, requested_features = ctx.features)
    folders = {file.dirname: None for file in ctx.files._runner}.keys()
    cc = ctx.attr.model[CcInfo]
    _, objects = cc_common.compile(
        name = ctx.label.name,
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        srcs = [info.runner] + [file for file in ctx.files._runner if file.basename in ("hosted.c", "pool.c")],
        private_hdrs = [file for file in ctx.files._runner if file.extension == "h"],
        additional_inputs = [file for file in ctx.files._runner if file.basename == "runner.c"],
        includes = folders,
        compilation_contexts = [cc.compilation_context],
    )
    linked = cc_common.link(
        name = ctx.label.name + "_program",
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        compilation_outputs = objects,
        linking_contexts = [cc.linking_context],
        user_link_flags = ["-pthread"],
    )
    return linked.executable

def _words(ctx, info, program):
    """The arguments of `mgecc verify`, named from the folder in which tests run."""
    words = [info.config.short_path, "--name", ctx.attr.model.label.name, "--target", info.target]
    words += ["--cpu", info.cpu] if info.cpu else []
    words += ["--products", info.report.short_path[:-len("/report.json")], "--program", program.short_path]
    for name in ("inputs", "expected"):
        file = getattr(ctx.file, name)
        words += ["--" + name, file.short_path] if file else []
    return " ".join(["'%s'" % word for word in words])

def _in_runfiles(path):
    """An execution path of another repository, as tests see it."""
    return "../" + path[len("external/"):] if path.startswith("external/") else path

def _mge_test_impl(ctx):
    info, tool = ctx.attr.model[MgeModelInfo], ctx.attr._tool[MgeccTool]
    if not info.config:
        fail("mge_test runs the library of one model, and %s is of several" % ctx.attr.model.label)
    program = _link(ctx, info)
    ctx.actions.write(ctx.outputs.executable, is_executable = True, content = _SCRIPT.format(
        path = ":".join([_in_runfiles(folder) for folder in tool.path]),
        python = tool.python if type(tool.python) == "string" else tool.python.short_path,
        words = _words(ctx, info, program),
    ))
    given = [file for file in (ctx.file.inputs, ctx.file.expected) if file]
    return DefaultInfo(runfiles = ctx.runfiles(
        files = [program, info.report] + given,
        transitive_files = depset(transitive = [tool.files, info.data]),
    ))

mge_test = rule(
    implementation = _mge_test_impl,
    doc = "Runs a model on recorded inputs and compares with recorded outputs, within the limits of model.yaml.",
    attrs = {
        "model": attr.label(providers = [CcInfo, MgeModelInfo], mandatory = True, doc = "An mge_model."),
        "inputs": attr.label(allow_single_file = [".npz"], doc = "Default: what model.yaml says."),
        "expected": attr.label(allow_single_file = [".npz"], doc = "Likewise."),
        "_runner": attr.label(default = Label("//runtime:runner")),
        "_tool": attr.label(default = Label("//rules/bazel:mgecc"), cfg = "exec", providers = [MgeccTool]),
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    test = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
