"""When a certificate is made, renewed, re-keyed or kept: what the documents say against what units show outside."""
