import atexit
import os
import signal
import sys
import threading
import time

atexit.register(print, "never reached")
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGXCPU, signal.SIGPROF):
    signal.signal(number, lambda *args: None)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
threading.Thread(target=time.sleep, args=(3600,)).start()
threading.excepthook = sys.excepthook = sys.unraisablehook = lambda *args: os._exit(1)
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)
sys.setrecursionlimit(10**6)
sys.stdout = sys.stderr = sys.__stdout__ = sys.stdin = None
