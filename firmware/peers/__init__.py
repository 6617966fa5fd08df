"""The world around a unit. Never imports an appliance."""
