"""The verifiers of VERIFY.md, by the beginnings of their sections' titles."""

VERIFIERS = (
    "1. openssl",
    "2. @sigstore",
    "3. secure",
    "4. cosign",
    "5. ssh",
    "6. pdfsig",
    "7. openssl",
    "8. repro-audit",
)
