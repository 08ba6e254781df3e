"""Runs a program on a terminal and types answers, one for each prompt that ends in a colon.

python typed.py ANSWER ... -- COMMAND ...
"""

from __future__ import annotations

import os
import pty
import sys


def main() -> int:
    """Type, show what was printed, and give the program's exit status."""
    split = sys.argv.index("--")
    answers, command = sys.argv[1:split], sys.argv[split + 1 :]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    seen = b""
    try:
        while True:
            chunk = os.read(terminal, 1024)
            if not chunk:
                break
            sys.stdout.write(chunk.decode(errors="replace"))
            seen += chunk
            if answers and seen.rstrip(b" ").endswith(b":"):
                os.write(terminal, answers.pop(0).encode() + b"\n")
                seen = b""
    except OSError:
        pass  # a terminal whose program has ended says so like this
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
