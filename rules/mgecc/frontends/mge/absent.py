"""Records that will not become operators, and why; other unknown ones get a general message."""

from __future__ import annotations

from mgecc.graph import Unsupported

_RANDOM = (
    "UniformRNGV1 GaussianRNGV1 PermutationRNG PoissonRNG GammaRNG BetaRNG ShuffleRNG"
    " ExponentialRNG MultinomialRNG"
)
_CONDITIONAL = "CondExecPred CondExecPredLogical CondExecMark CondExecMerge Loop"
_ENGINES = "TensorRTRuntimeOpr CambriconRuntimeOpr MagicMindRuntimeOpr AtlasRuntimeOpr"
_TRAINING = "AddUpdate MaskPropagate MaskConvolutionV2 CollectiveComm"
_VENDOR = "NvOf DctChannelSelectV1 Sleep AffineInt"

# (record types, why, what to do)
_GROUPS: tuple[tuple[str, str, str], ...] = (
    (
        _RANDOM,
        "it draws random numbers, so the model gives other results in every run",
        "make the numbers an input of the model, or call model.eval() before tracing",
    ),
    (
        _CONDITIONAL,
        "it runs parts of the graph depending on data",
        "trace the model without conditional execution",
    ),
    (_ENGINES, "it holds a program of a vendor's engine instead of a network", "dump the network itself"),
    (_TRAINING, "it belongs to training", "call model.eval() before tracing"),
    (_VENDOR, "it exists for one vendor's devices only", "dump the model without it"),
)


def reason(record: str) -> Unsupported | None:
    """Why there is no operator for a record type, if there is a particular reason."""
    for names, why, advice in _GROUPS:
        if record in names.split():
            return Unsupported(why, advice)
    return None
