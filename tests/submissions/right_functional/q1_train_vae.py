import argparse

import torch
from torch import nn, optim
from torch.nn import functional as F
from torchvision import transforms

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=128)
args = parser.parse_args()
transform = transforms.Compose([transforms.ToTensor()])


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-3)


def loss_function(recon_x, x, mu, logvar):
    x = x.view(recon_x.shape)
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def train(epoch):
    raise RuntimeError("nobody trains while grading")


if __name__ == "__main__":
    train(1)
