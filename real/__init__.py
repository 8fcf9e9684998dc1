"""Live PyTorch training: the tasks, the trainer, and the recorder that makes the curve tables."""
