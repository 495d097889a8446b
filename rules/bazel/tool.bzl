"""The model compiler as a tool of actions: a Python, the packages and mgecc itself, all of them inputs."""

MgeccTool = provider(
    doc = "What runs the model compiler.",
    fields = {
        "python": "file or path of the interpreter",
        "main": "script that it runs",
        "files": "depset of all files that are needed",
        "path": "folders for PYTHONPATH, from the folder in which actions run",
    },
)

_PYTHON = "@bazel_tools//tools/python:toolchain_type"

def _mgecc_tool_impl(ctx):
    runtime = ctx.toolchains[_PYTHON].py3_runtime
    own = [] if runtime.interpreter_path else [runtime.interpreter]
    root = ctx.file.main.owner.workspace_root
    packages = ctx.attr.packages.label.workspace_root
    return [MgeccTool(
        python = runtime.interpreter_path or runtime.interpreter,
        main = ctx.file.main,
        files = depset(
            ctx.files.srcs + ctx.files.packages + [ctx.file.main] + own,
            transitive = [] if runtime.interpreter_path else [runtime.files],
        ),
        path = [(root + "/" if root else "") + "rules", packages + "/site"],
    )]

mgecc_tool = rule(
    implementation = _mgecc_tool_impl,
    attrs = {
        "main": attr.label(allow_single_file = [".py"], mandatory = True),
        "srcs": attr.label_list(allow_files = True),
        "packages": attr.label(mandatory = True),
    },
    toolchains = [_PYTHON],
)
