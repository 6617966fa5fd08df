"""Documents drawn from the tables: ``python -m firmware.bench.docs DIRECTORY``, as ``make docs`` does."""
