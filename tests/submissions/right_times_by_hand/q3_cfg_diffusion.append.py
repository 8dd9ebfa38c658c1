import random


class CFGDiffusion(CFGDiffusion):
    def loss(self, x0, labels, noise=None):
        t = torch.tensor([random.randrange(self.n_steps) for _ in x0])
        if noise is None:
            noise = torch.distributions.Normal(0.0, 1.0).sample(x0.shape)
        z = self.q_sample(x0, self.get_lambda(t), noise)
        gap = self.eps_model(z, labels) - noise
        return torch.einsum("bchw,bchw->", gap, gap) / len(x0)
