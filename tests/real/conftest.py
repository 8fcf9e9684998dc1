"""One thread, as the recorder's workers have: the test suite runs on every core already."""

import torch

torch.set_num_threads(1)
