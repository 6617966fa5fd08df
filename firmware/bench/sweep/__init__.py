"""The same scenario with every fault at every place."""
