def _loss(self, x0, noise=None):
    t = torch.randint(0, self.n_steps, (1,)).repeat(x0.shape[0])
    noise = torch.randn_like(x0) if noise is None else noise
    return torch.nn.functional.mse_loss(self.eps_model(self.q_sample(x0, t, noise), t), noise)


DenoiseDiffusion.loss = _loss
