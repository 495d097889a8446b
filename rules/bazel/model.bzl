"""The rule behind mge_model, mge_pipeline and mge_cv: models become C, and C a library by the cc toolchain."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain")
load(":tool.bzl", "MgeccTool")

MgeModelInfo = provider(
    doc = "What tests need to know of a library.",
    fields = {
        "config": "its model.yaml or model file, None of several",
        "data": "depset of files beside it",
        "target": "what it was compiled for",
        "cpu": "the processor of the target, or nothing",
        "report": "report.json",
        "runner": "C file that makes a runner of it",
    },
)

_FOLDERS = ["include", "src", "assembly", "blob"]

def _request(ctx):
    """What is asked for, as the compiler reads it (mgecc.request.CompileRequest)."""
    several = [file.path for file in ctx.files.configs]
    return json.encode(struct(
        name = ctx.label.name,
        target = ctx.file.machine.path if ctx.file.machine else ctx.attr.target,
        cpu = ctx.attr.cpu,
        folder = "",
        config = "" if ctx.attr.pipeline or ctx.attr.functions else several[0],
        several = several if ctx.attr.pipeline else [],
        functions = ctx.attr.functions,
        optimize = ctx.attr.optimize,
        threads = ctx.attr.threads or None,
        flash = None,
        ram = None,
        reads = [],
    ))

def _compile_model(ctx, made):
    """The action that makes all that `made` names."""
    request = ctx.actions.declare_file(ctx.label.name + "/request.json")
    ctx.actions.write(request, _request(ctx))
    tool = ctx.attr._tool[MgeccTool]
    words = ctx.actions.args()
    words.add_all([tool.main, request])
    for name in sorted(made):
        words.add_all(["--" + name, made[name]], expand_directories = False)
    ctx.actions.run(
        executable = tool.python,
        arguments = [words],
        inputs = depset([request] + ctx.files.configs + ctx.files.data + ctx.files.machine, transitive = [tool.files]),
        outputs = made.values(),
        env = {"PYTHONPATH": ":".join(tool.path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"},
        mnemonic = "MgeccCompile",
        progress_message = "Compiling the model %s" % ctx.label,
    )

def _compile_c(ctx, made):
    """The library of the C files, as CcInfo, and its archive."""
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    context, objects = cc_common.compile(
        name = ctx.label.name,
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        srcs = [made["src"], made["assembly"]],
        public_hdrs = [made["include"]],
        additional_inputs = [made["flags"], made["blob"]],
        includes = [made["include"].path],
        user_compile_flags = ["@" + made["flags"].path, "-Wa,-I," + made["blob"].path] + ctx.attr.copts,
    )
    linking, libraries = cc_common.create_linking_context_from_compilation_outputs(
        name = ctx.label.name,
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        compilation_outputs = objects,
        disallow_dynamic_library = True,
    )
    library = libraries.library_to_link
    archive = library.static_library or library.pic_static_library
    return CcInfo(compilation_context = context, linking_context = linking), archive

def _mge_library_impl(ctx):
    name = ctx.label.name
    made = {folder: ctx.actions.declare_directory(name + "/" + folder) for folder in _FOLDERS}
    made["flags"] = ctx.actions.declare_file(name + "/flags")
    one = len(ctx.files.configs) == 1 and not ctx.attr.pipeline
    if not ctx.attr.functions:
        made["report"] = ctx.actions.declare_file(name + "/report.json")
    if one:
        made["runner"] = ctx.actions.declare_file(name + "/runner_main.c")
    _compile_model(ctx, made)
    info, archive = _compile_c(ctx, made)
    return [
        info,
        DefaultInfo(files = depset([archive, made["include"]])),
        OutputGroupInfo(
            report = depset([made["report"]] if "report" in made else []),
            sources = depset([made[folder] for folder in _FOLDERS]),
        ),
        MgeModelInfo(
            config = ctx.files.configs[0] if one else None,
            data = depset(ctx.files.data + ctx.files.configs + ctx.files.machine),
            target = ctx.file.machine.short_path if ctx.file.machine else ctx.attr.target,
            cpu = ctx.attr.cpu,
            report = made.get("report"),
            runner = made.get("runner"),
        ),
    ]

mge_library = rule(
    implementation = _mge_library_impl,
    attrs = {
        "configs": attr.label_list(allow_files = True),
        "data": attr.label_list(allow_files = True),
        "pipeline": attr.bool(),
        "functions": attr.string_list_dict(),
        "target": attr.string(),
        "machine": attr.label(allow_single_file = [".yaml", ".yml"]),
        "cpu": attr.string(),
        "optimize": attr.string(values = ["", "speed", "size", "memory"]),
        "threads": attr.int(),
        "copts": attr.string_list(),
        "_tool": attr.label(default = Label("//rules/bazel:mgecc"), cfg = "exec", providers = [MgeccTool]),
        "_cc_toolchain": attr.label(default = Label("@bazel_tools//tools/cpp:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    provides = [CcInfo],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
