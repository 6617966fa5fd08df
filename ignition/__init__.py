"""Linux ignition: the first-contact wizard of the Server Edition platforms. The IP500 V2 has none; it is to come."""
