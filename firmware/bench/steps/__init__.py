"""The steps of a scenario, a class each, by subject; ``table.py`` lists them."""
