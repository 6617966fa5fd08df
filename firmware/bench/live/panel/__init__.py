"""The front panel of a live unit in a browser: what a person sees and touches, and what goes on inside."""
