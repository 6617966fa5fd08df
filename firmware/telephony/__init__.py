"""SIP as an IP Office speaks it to its phones: a registrar and a proxy, bytes in, bytes out; no I/O and no clock."""
