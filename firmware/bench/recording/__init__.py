"""Runs and live sessions as files: recorded, gone through in both directions, compared, made into scenarios."""
