"""A small Google Cloud Storage in a process of its own, on loopback, for tests.

It speaks what the service uses: the XML API for objects (conditional and resumable uploads, ranges,
checksums, signed URLs of version 4, CORS), a little of the JSON API, and, for credentials, the
metadata server, the token endpoint and signBlob. Rights are checked, and faults come on demand.
Everything is written against Google's documentation, not against our client.
"""
