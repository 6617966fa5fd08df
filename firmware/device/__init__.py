"""The hardware. Knows nothing of IP Office."""
