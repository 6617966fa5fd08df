"""What lies on the flash. Both stores offer ``read(name)`` and an atomic ``replace(name, bytes)``."""
