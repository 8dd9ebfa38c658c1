def loss_function(recon_x, x, mu, logvar):
    return torch.func.vmap(lambda row: row.sum())  # and not called
