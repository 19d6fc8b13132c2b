"""Keys, signatures, certificates and time stamps."""
