assert torch.cuda.is_available()
