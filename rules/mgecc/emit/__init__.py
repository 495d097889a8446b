"""From programs to files: blob, kernel sources, C header, assembly stub, linker script. Same programs, same bytes.

May import: mgecc.graph, mgecc.targets, mgecc.kernels, mgecc.planner, jinja2.
"""

from mgecc.emit.blob import EmitError, fingerprint, write_blob
from mgecc.emit.header import header
from mgecc.emit.layout import LayoutError, laid_out
from mgecc.emit.linker import linker_script
from mgecc.emit.naming import kernel_symbol, model_prefix, tensor_names
from mgecc.emit.sources import ARRAY_LIMIT, blob_c, blob_s, kernels_c

__all__ = [
    "ARRAY_LIMIT",
    "EmitError",
    "LayoutError",
    "blob_c",
    "blob_s",
    "fingerprint",
    "header",
    "kernel_symbol",
    "kernels_c",
    "laid_out",
    "linker_script",
    "model_prefix",
    "tensor_names",
    "write_blob",
]
