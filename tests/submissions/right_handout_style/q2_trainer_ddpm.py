import copy
import os

import matplotlib.pyplot as plt
import torch
from torch import optim
from torch.cuda.amp import GradScaler, autocast
from tqdm import tqdm

from ddpm_utils.args import *
from ddpm_utils.dataset import MNISTDataset
from ddpm_utils.unet import UNet, load_weights


class Trainer:
    def __init__(self, args, eps_model, diffusion_model):
        self.eps_model = eps_model.to(args.device)
        self.diffusion = diffusion_model
        self.optimizer = optim.Adam(self.eps_model.parameters(), lr=args["learning_rate"])
        self.scheduler = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=args.epochs)
        self.scaler = GradScaler(enabled=args.fp16_precision)
        self.args = args
        self.best = copy.deepcopy(self.eps_model)
        self.loss_per_iter = []
        os.makedirs("images", exist_ok=True)

    def sample(self, n_steps=None, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        if n_steps is None:
            n_steps = self.args.n_steps
        self.eps_model.eval()
        with torch.no_grad():
            x = torch.randn(
                [self.args.n_samples, self.args.image_channels,
                 self.args.image_size, self.args.image_size],
                device=self.args.device,
            )
            for t_ in tqdm(range(n_steps)):
                t = n_steps - t_ - 1
                x = self.diffusion.p_sample(x, x.new_full((self.args.n_samples,), t, dtype=torch.long))
        fig, axes = plt.subplots(1, 2)
        axes[0].imshow(x[0, 0].cpu().numpy(), cmap="gray")
        plt.savefig("images/final.png")
        plt.close(fig)
        return x

    def generate_intermediate_samples(
        self, n_samples=4, img_size=32, steps_to_show=[0, 999], n_steps=None, set_seed=False
    ):
        if set_seed:
            torch.manual_seed(42)
        if n_steps is None:
            n_steps = args.n_steps
        x = torch.randn(n_samples, args.image_channels, img_size, img_size,
                        device=args.device, requires_grad=False)
        images = [x.detach().cpu().numpy()]
        for step in tqdm(range(1, n_steps + 1, 1)):
            with torch.no_grad():
                t = torch.full((n_samples,), n_steps - step, device=x.device)
                x = self.diffusion.p_sample(x, t)
            if step in steps_to_show:
                images.append(x.detach().cpu().numpy())
        return images
