"""Runs Typst in a process of its own: a text that makes it crash costs this process, not yours.

Started by its path with the folder that Typst may read. It takes one request a line (JSON) and
answers each with a line (JSON) and as many bytes as that line says.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

MEMORY = 4 << 30  # for a document, beside the stacks of Typst's threads


def bound_memory() -> None:
    """A drawing of few bytes can hold pictures that fill the memory when they are unpacked."""
    with suppress(ImportError, OSError, ValueError):  # no such limit on this system
        import resource

        threads = (os.cpu_count() or 1) * int(os.environ.get("RUST_MIN_STACK", 0))
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY + threads, most))


def serve(folder: str) -> None:
    bound_memory()
    import typst

    # The wheel's own fonts, those of the system, and what lies in the folder.
    fonts = typst.Fonts(font_paths=[f"{folder}/fonts"])

    def compiler(text: str) -> Any:
        nowhere = f"{folder}/packages"
        return typst.Compiler(
            text.encode(),
            root=folder,
            font_paths=fonts,
            package_path=nowhere,
            package_cache_path=nowhere,
        )

    shared = compiler("")
    for line in sys.stdin.buffer:
        request = json.loads(line)
        error, content = "", b""
        try:
            if request["what"] == "pdf":
                options = request["options"]
                content = shared.compile(request["text"].encode(), format="pdf", **options)
            else:
                answer = compiler(request["text"]).query(request["what"], field="value")
                content = answer.encode()
        except Exception as problem:
            error = str(problem) or "unknown"
        head = json.dumps({"error": error, "size": len(content)}).encode()
        sys.stdout.buffer.write(head + b"\n" + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
