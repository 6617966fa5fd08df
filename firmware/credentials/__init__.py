"""What a unit of any platform does with its identity, its trusted certificate store and its CA.

The values and rules are those of :mod:`firmware.security`; here they are loaded, made, set, managed and watched.
"""
