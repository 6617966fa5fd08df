"""Documents drawn from the tables: ``python -m firmware.bench.docs DIRECTORY`` writes them, ``make docs`` into docs/."""
