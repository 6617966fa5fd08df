"""The appliance: hardware, storage, security, bring-up – and the bench that drives it."""

__version__ = "0.1.0"
