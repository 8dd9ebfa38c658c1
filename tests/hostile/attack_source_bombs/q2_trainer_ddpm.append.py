import sys

sys.setrecursionlimit(10**9)
x = eval("-" * 10**6 + "1")
