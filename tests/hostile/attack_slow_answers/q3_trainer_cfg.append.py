import os
import time


def _sample(self, *args, **kwargs):
    time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    while time.monotonic() < 1:
        time.sleep(0.01)


Trainer.sample = _sample
