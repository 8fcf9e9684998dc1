"""What is trained: tasks, models, data, and the trainer."""
