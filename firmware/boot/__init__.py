"""How an IP500 V2 boots: the table (:mod:`firmware.boot.table`) and, a file each, what its states do.

The facts are those of the product's documents on storage, boot and resets; rows carry their basis and source.
"""
