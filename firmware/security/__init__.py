"""Identity and trust: keys, certificates, security settings."""
