import os
import sys

for _ in range(50):
    print("x" * 1_000_000)
os.write(1, b"y" * 1_000_000)
sys.stderr.buffer.write(b"z" * 1_000_000)
for _ in range(2000):
    print("line", file=sys.stderr, flush=True)
