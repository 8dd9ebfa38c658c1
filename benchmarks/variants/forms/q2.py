"""Other ways of writing the solutions of the DDPM tasks."""

from __future__ import annotations

FORMS = {
    "q2.q_xt_x0": [
        """
a = self.alpha_bar[t].view(-1, 1, 1, 1)
return torch.sqrt(a) * x0, 1 - a
""",
        """
alpha_bar = self.gather(torch.cumprod(1 - self.beta, dim=0), t)
mean = alpha_bar ** 0.5 * x0
var = (1 - alpha_bar).expand_as(x0)
return mean, var
""",
        """
alpha_bar = torch.exp(torch.log(self.alpha).cumsum(0))[t]
mean = torch.einsum("b,bchw->bchw", alpha_bar.sqrt(), x0)
return mean, (1.0 - alpha_bar)[:, None, None, None]
""",
        """
alpha_bar = torch.stack([torch.prod(self.alpha[: int(s) + 1]) for s in t]).reshape(-1, 1, 1, 1)
return alpha_bar.sqrt() * x0, 1.0 - alpha_bar
""",
    ],
    "q2.q_sample": [
        """
alpha_bar = self.gather(self.alpha_bar, t)
return alpha_bar.sqrt() * x0 + (1.0 - alpha_bar).sqrt() * eps
""",
        """
mean, var = self.q_xt_x0(x0, t)
std = torch.sqrt(var)
return torch.addcmul(mean, std, eps)
""",
        """
images = []
for i in range(x0.shape[0]):
    a = self.alpha_bar[t[i]]
    images.append(torch.sqrt(a) * x0[i] + torch.sqrt(1 - a) * eps[i])
return torch.stack(images)
""",
        """
result = self.q_xt_x0(x0, t)
return result[0] + result[1] ** 0.5 * eps
""",
    ],
    "q2.p_xt_prev_xt": [
        """
eps = self.eps_model(xt, t)
alpha, alpha_bar = self.gather(self.alpha, t), self.gather(self.alpha_bar, t)
mean = 1 / alpha ** 0.5 * (xt - (1 - alpha) / (1 - alpha_bar) ** 0.5 * eps)
return mean, self.gather(self.beta, t)
""",
        """
beta = self.gather(self.beta, t)
alpha = 1.0 - beta
alpha_bar = self.gather(self.alpha_bar, t)
predicted = self.eps_model(xt, t)
mean = torch.rsqrt(alpha) * xt
mean = mean - beta * torch.rsqrt(alpha) * torch.rsqrt(1.0 - alpha_bar) * predicted
return mean, beta.expand(xt.shape)
""",
        """
eps = self.eps_model(xt, t)
a, bar, beta = (self.gather(c, t) for c in (self.alpha, self.alpha_bar, self.beta))
x0 = (xt - (1 - bar).sqrt() * eps) / bar.sqrt()
earlier = bar / a
mean = (earlier.sqrt() * beta * x0 + a.sqrt() * (1 - earlier) * xt) / (1 - bar)
return mean, self.gather(self.sigma2, t)
""",
        """
with torch.set_grad_enabled(torch.is_grad_enabled()):
    theta = self.eps_model(xt, t)
coefficient = (self.beta / torch.sqrt(1 - self.alpha_bar))[t][:, None, None, None]
root = torch.sqrt(self.alpha)[t][:, None, None, None]
return (xt - coefficient * theta) / root, self.sigma2[t][:, None, None, None]
""",
    ],
    "q2.p_sample": [
        """
mean, var = self.p_xt_prev_xt(xt, t)
noise = randomizer.normal_like(xt)
noise = torch.where((t == 0).reshape(-1, 1, 1, 1), torch.zeros_like(noise), noise)
return mean + var.sqrt() * noise
""",
        """
mean, var = self.p_xt_prev_xt(xt, t)
noise = randomizer.normal_like(xt)
noise = noise.clone()
noise[t == 0] = 0.0
return torch.addcmul(mean, var.sqrt(), noise)
""",
        """
mean, var = self.p_xt_prev_xt(xt, t)
sample = mean + torch.sqrt(var) * randomizer.normal_like(xt)
last = (t == 0)[:, None, None, None]
return torch.where(last, mean, sample)
""",
        """
mean, var = self.p_xt_prev_xt(xt, t)
std = torch.where(t.view(-1, 1, 1, 1) > 0, var, torch.zeros_like(var)).sqrt()
return torch.normal(mean, std.expand_as(mean))
""",
        """
mean, var = self.p_xt_prev_xt(xt, t)
eps = randomizer.normal_like(xt)
out = mean.clone()
for i in range(len(xt)):
    if t[i] > 0:
        out[i] = out[i] + var[i].sqrt() * eps[i]
return out
""",
        """
mean, var = self.p_xt_prev_xt(xt, t)
if (t == 0).all():
    return mean
return mean + t.clamp(max=1).to(mean.dtype).reshape(-1, 1, 1, 1) * var ** 0.5 * torch.randn_like(xt)
""",
    ],
    "q2.loss": [
        """
xt = self.q_sample(x0, t, noise)
predicted = self.eps_model(xt, t)
return torch.nn.functional.mse_loss(predicted, noise, reduction="sum") / x0.shape[0]
""",
        """
predicted = self.eps_model(self.q_sample(x0, t, eps=noise), t)
return (noise - predicted).pow(2).sum(dim=(1, 2, 3)).mean()
""",
        """
xt = self.q_sample(x0, t, noise)
return torch.mean(torch.linalg.vector_norm(noise - self.eps_model(xt, t), dim=(1, 2, 3)) ** 2)
""",
        """
xt = self.q_sample(x0, t, noise)
gap = noise - self.eps_model(xt, t)
return torch.einsum("bchw,bchw->b", gap, gap).mean(0)
""",
        """
xt = self.q_sample(x0, t, noise)
losses = [((a - b) ** 2).sum() for a, b in zip(noise, self.eps_model(xt, t))]
return sum(losses) / len(losses)
""",
        """
mse = torch.nn.MSELoss()(self.eps_model(self.q_sample(x0, t, noise), t), noise)
return mse * x0[0].numel()
""",
    ],
    "q2.sample": [
        """
t = x.new_full((args.n_samples,), n_steps - 1 - t_, dtype=torch.long)
x = self.diffusion.p_sample(x, t)
""",
        """
t = torch.ones(x.shape[0], dtype=torch.int64, device=x.device) * (n_steps - t_ - 1)
with torch.no_grad():
    x = self.diffusion.p_sample(x, t)
""",
        """
remaining = n_steps - t_
t = torch.tensor([remaining - 1] * len(x), device=x.device)
x = self.diffusion.p_sample(xt=x, t=t)
""",
        """
times = list(reversed(range(n_steps)))
x = self.diffusion.p_sample(x, torch.full((x.size(0),), times[t_], device=args.device))
""",
    ],
    "q2.generate_intermediate_samples": [
        """
t = torch.full((n_samples,), n_steps - step, device=x.device, dtype=torch.long)
x = self.diffusion.p_sample(x, t)
if step in set(steps_to_show):
    images.append(x.detach().cpu().numpy().copy())
""",
        """
t = torch.ones(n_samples, dtype=torch.long, device=x.device) * (n_steps - step)
x = self.diffusion.p_sample(x, t)
for wanted in sorted(set(steps_to_show)):
    if wanted == step:
        images += [np.array(x.cpu())]
""",
        """
x = self.diffusion.p_sample(x, x.new_full((n_samples,), n_steps - step, dtype=torch.long))
if any(step == s for s in steps_to_show):
    images.append(x.clone().cpu().numpy())
""",
    ],
}
