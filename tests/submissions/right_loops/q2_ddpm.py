import torch


class DenoiseDiffusion:
    def __init__(self, eps_model, n_steps, device):
        self.eps_model = eps_model.to(device)
        self.n_steps = n_steps
        self.beta = torch.linspace(0.0001, 0.02, n_steps).to(device)
        self.alpha = 1 - self.beta
        product, bars = 1.0, []
        for a in self.alpha:
            product = product * a
            bars.append(product)
        self.alpha_bar = torch.stack(bars)

    def q_xt_x0(self, x0, t):
        means = [self.alpha_bar[s].sqrt() * image for image, s in zip(x0, t)]
        variances = [1 - self.alpha_bar[s] for s in t]
        return torch.stack(means), torch.stack(variances).view(-1, 1, 1, 1)

    def q_sample(self, x0, t, eps=None):
        mean, var = self.q_xt_x0(x0, t)
        images = []
        for i in range(len(x0)):
            noise = torch.randn(x0[i].shape) if eps is None else eps[i]
            images.append(mean[i] + var[i].sqrt() * noise)
        return torch.stack(images)

    def p_xt_prev_xt(self, xt, t):
        means, variances = [], []
        for i in range(xt.shape[0]):
            predicted = self.eps_model(xt[i : i + 1], t[i : i + 1])
            s = t[i]
            factor = self.beta[s] / torch.sqrt(1 - self.alpha_bar[s])
            means.append((xt[i : i + 1] - factor * predicted) / torch.sqrt(self.alpha[s]))
            variances.append(self.beta[s])
        return torch.cat(means), torch.tensor(variances).reshape(-1, 1, 1, 1)

    def p_sample(self, xt, t):
        mean, var = self.p_xt_prev_xt(xt, t)
        images = []
        for i, s in enumerate(t.tolist()):
            if s > 0:
                images.append(mean[i] + var[i] ** 0.5 * torch.randn(mean[i].shape))
            else:
                images.append(mean[i])
        return torch.stack(images)

    def loss(self, x0, noise=None):
        t = torch.randint(0, self.n_steps, (len(x0),))
        total = 0.0
        for i in range(len(x0)):
            eps = torch.randn_like(x0[i : i + 1]) if noise is None else noise[i : i + 1]
            xt = self.q_sample(x0[i : i + 1], t[i : i + 1], eps)
            total = total + ((eps - self.eps_model(xt, t[i : i + 1])) ** 2).sum()
        return total / len(x0)
