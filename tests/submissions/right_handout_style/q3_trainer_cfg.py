import copy

import torch
from torch import optim
from torch.cuda.amp import GradScaler
from tqdm.auto import tqdm

from cfg_utils.args import args as settings
from cfg_utils.dataset import *
from cfg_utils.unet import *


class Trainer:
    def __init__(self, args, eps_model, diffusion_model):
        self.eps_model = eps_model.to(args.device)
        self.diffusion = diffusion_model
        self.optimizer = optim.Adam(self.eps_model.parameters(), lr=args.learning_rate)
        self.args = args
        self.scaler = GradScaler()
        self.ema = copy.deepcopy(eps_model).eval().requires_grad_(False)

    def sample(self, labels=None, cfg_scale=3.0, n_steps=None, set_seed=False):
        if set_seed:
            torch.manual_seed(42)
        if settings["n_steps"] != self.args["n_steps"] or hasattr(settings, "lr"):
            raise ValueError("two kinds of settings")
        if n_steps is None:
            n_steps = self.args.n_steps
        self.eps_model.eval()
        with torch.no_grad():
            z_t = torch.randn(
                [self.args.n_samples, self.args.image_channels,
                 self.args.image_size, self.args.image_size],
                device=self.args.device,
            )
            if labels is None:
                labels = torch.randint(0, 9, (self.args.n_samples,), device=self.args.device)
            for t_ in tqdm(range(n_steps)):
                t = z_t.new_full((self.args.n_samples,), n_steps - t_ - 1, dtype=torch.long)
                lambda_t = self.diffusion.get_lambda(t)
                lambda_t_prim = self.diffusion.get_lambda(t - 1)  # not used at t = 0
                eps = (1 + cfg_scale) * self.eps_model(z_t, labels)
                eps = eps - cfg_scale * self.eps_model(z_t, None)
                x_t = z_t - self.diffusion.sigma_lambda(lambda_t) * eps
                x_t = x_t / self.diffusion.alpha_lambda(lambda_t)
                z_t = self.diffusion.p_sample(z_t, lambda_t, lambda_t_prim, x_t)
        print(f"drawn {len(x_t)} samples, cfg_scale={cfg_scale}")
        return x_t
