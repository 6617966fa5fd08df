"""Listeners on the loopback: a unit as others on the network meet it."""
