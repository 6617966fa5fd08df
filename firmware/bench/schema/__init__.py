"""JSON Schemas (draft 2020-12) of the files that people write and of what ``--json`` gives."""
