"""A compiler process that stays: one request per line on standard input, one reply per line on standard output.

A request is a ``CompileRequest``; the reply is a JSON object: ``{"uses": [...]}``, the optional files of the compiler
that were used, ``{"error": text, "status": number}``, or ``{"full": path}`` where there was no room to write. The
process ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

from mgecc.errors import FAILED, Reported
from mgecc.request import CompileRequest
from mgecc.targets import load_target
from mgecc.toolrun.diskfull import is_full
from mgecc.toolrun.hermetic import only_declared
from mgecc.toolrun.products import read_request, readable_products, write_files
from mgecc.toolrun.used_files import used_files


def compile_request(request: CompileRequest) -> dict[str, Any]:
    """Carry out one request; an error of the user's becomes its text, one of ours a traceback."""
    try:
        with only_declared(request.reads, request.folder):
            config = read_request(request)
            products = readable_products(config, request.target, request.cpu)
            write_files(products.files, Path(request.folder))
            target = load_target(request.target, request.cpu)
            return {"uses": used_files(config, products.programs, target)}
    except Reported as error:
        return {"error": str(error), "status": error.status}
    except OSError as error:
        if is_full(error):
            return {"full": str(error.filename or request.folder)}
        text = f"{error.filename or request.folder}: {error.strerror or error}"
        return {"error": text, "status": FAILED}
    except Exception:  # noqa: BLE001 -- the process must outlive a defect, and the build must show it
        text = f"this is a defect of mgecc, please report it:\n{traceback.format_exc()}"
        return {"error": text, "status": FAILED}


def serve(requests: TextIO, replies: TextIO) -> None:
    for line in requests:
        replies.write(json.dumps(compile_request(CompileRequest.from_line(line))) + "\n")
        replies.flush()


def main() -> None:
    # Replies get a descriptor of their own, so that nothing printed by a library can mix with them.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, replies)


if __name__ == "__main__":
    main()
