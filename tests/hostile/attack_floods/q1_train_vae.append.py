import logging
import os
import sys
import warnings

honest = loss_function


def loss_function(*args):
    """Through everything that is for words."""
    line = "x" * (1 << 20)
    for _ in range(50):
        print(line)
        print(line, file=sys.stderr)
        sys.stdout.buffer.write(line.encode())
    for fd in (1, 2):
        for _ in range(50):
            os.write(fd, line.encode())
    for number in range(100):
        warnings.warn(f"{line[:9999]}{number}", stacklevel=1)
        logging.error(line[:9999])
    return honest(*args)
