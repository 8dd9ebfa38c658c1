import os

sample = Trainer.sample
MANY = @MOST_FILES@ + 2


def _sample(self, *args, **kwargs):
    for number in range(MANY // 2):
        os.close(os.open(f"{number}", os.O_CREAT))
        os.symlink("/", f"link-{number}")
    return sample(self, *args, **kwargs)


Trainer.sample = _sample
