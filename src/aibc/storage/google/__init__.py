"""Google Cloud Storage over its XML API: credentials, requests, uploads, signatures, checks."""
