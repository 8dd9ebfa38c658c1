def attack(name, work):
    """Make a method that is right, but only once the attack has worked."""
    honest = getattr(CFGDiffusion, name)

    def attacked(self, *args, **kwargs):
        work()
        return honest(self, *args, **kwargs)

    setattr(CFGDiffusion, name, attacked)


import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = @NUMBERED_CALLS@


def call(name, *arguments):
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def any_of(*works):
    for work in works:
        try:
            work()
            return
        except OSError:
            pass
    raise PermissionError


def ring():
    call("io_uring_setup", 4, ctypes.create_string_buffer(120))


def program_in_memory():
    """A program without a file: written to memory, then run."""
    fd = call("memfd_create", b"program", 0)
    with open("/bin/true", "rb") as program:
        os.write(fd, program.read())
    call("execveat", fd, b"", None, None, 0x1000)


def keys():
    any_of(
        lambda: call("add_key", b"user", b"left-behind", b"x", 1, -3),
        lambda: call("keyctl", 0, -3, 1),
        lambda: call("request_key", b"user", b"left-behind", None, -3),
    )


def programs_in_the_kernel():
    attributes = ctypes.create_string_buffer(128)
    any_of(
        lambda: call("bpf", 0, attributes, 128),
        lambda: call("perf_event_open", attributes, 0, -1, -1, 0),
        lambda: call("userfaultfd", 1),
        lambda: call("init_module", b"", 0, b""),
        lambda: call("finit_module", 0, b"", 0),
    )


def namespaces():
    any_of(
        lambda: call("unshare", 0x10000000),
        lambda: call("unshare", 0x00020000),
        lambda: call("setns", os.open("/proc/self/ns/mnt", os.O_RDONLY), 0),
        lambda: call("setns", os.open("/proc/1/ns/net", os.O_RDONLY), 0),
    )


def mounts():
    any_of(
        lambda: call("mount", b"none", b".", b"tmpfs", 0, None),
        lambda: call("fsopen", b"tmpfs", 0),
        lambda: call("open_tree", -100, b"/", 1),
        lambda: call("move_mount", -100, b"/", -100, b".", 0),
        lambda: call("umount2", b"/proc", 2),
        lambda: call("pivot_root", b".", b"."),
        lambda: call("chroot", b"."),
    )


def handles():
    """A file by its number on the disk, whatever folder it is in."""
    handle, mount = ctypes.create_string_buffer(136), ctypes.c_int()
    handle[0:4] = (128).to_bytes(4, "little")
    any_of(
        lambda: call("name_to_handle_at", -100, b"/", handle, ctypes.byref(mount), 0),
        lambda: call("open_by_handle_at", os.open("/dev/null", os.O_RDONLY), handle, 0),
    )


def personalities():
    any_of(
        lambda: call("personality", 0x0040000),
        lambda: call("setuid", 0),
        lambda: call("setresuid", 0, 0, 0),
        lambda: call("setgroups", 0, None),
        lambda: call("capset", ctypes.create_string_buffer(8), ctypes.create_string_buffer(24)),
    )


def others():
    """Pages, files and pointers of other processes."""
    any_of(
        lambda: call("kcmp", @PARENT@, @VICTIM@, 0, 0, 0),
        lambda: call("process_madvise", 3, None, 0, 0, 0),
        lambda: call("move_pages", @VICTIM@, 0, None, None, None, 0),
        lambda: call("migrate_pages", @VICTIM@, 0, None, None),
        lambda: call("pidfd_open", @VICTIM@, 0),
        lambda: call("fanotify_init", 0, 0),
        lambda: call("inotify_init1", 0),
    )


attack("get_lambda", ring)
attack("alpha_lambda", program_in_memory)
attack("sigma_lambda", keys)
attack("q_sample", programs_in_the_kernel)
attack("sigma_q", namespaces)
attack("sigma_q_x", mounts)
attack("mu_p_theta", handles)
attack("var_p_theta", personalities)
attack("p_sample", others)
