import fcntl
import json
import os
import stat
import time


def pipe():
    for fd in range(3, 4096):
        try:
            writable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY
            if stat.S_ISFIFO(os.fstat(fd).st_mode) and writable:
                return fd
        except OSError:
            pass


while True:
    for stem in ("q1_vae", ""):
        text = json.dumps({"importing": stem, "slow": [], "arrays": []}).encode()
        os.write(pipe(), len(text).to_bytes(8, "little") + text)
        time.sleep(0.02)
