class DenoiseDiffusion(DenoiseDiffusion):
    def p_xt_prev_xt(self, xt, t):
        where = next(self.eps_model.parameters()).device
        eps = self.eps_model.train(False).to(where).forward(x=xt, t=t)
        share = self.gather(self.beta / (1 - self.alpha_bar).sqrt(), t)
        return (xt - share * eps) / self.gather(self.alpha, t).sqrt(), self.gather(self.beta, t)

    def loss(self, x0, noise=None):
        t = torch.randint(0, self.n_steps, (len(x0),))
        noise = torch.randn_like(x0) if noise is None else noise
        predicted = self.eps_model(self.q_sample(x0, t, noise), t=t)
        return torch.nn.functional.mse_loss(predicted, noise, reduction="sum") / len(x0)
