"""Training: the loop, its state, runs and their checkpoints, and sharding over devices."""
