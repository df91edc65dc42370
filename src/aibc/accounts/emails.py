"""E-mail addresses: what is accepted, and when two of them are the same."""

from __future__ import annotations

from unicodedata import normalize

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254


def checked_email(text: str) -> str:
    """The address as it is kept. Raises ValueError with a sentence.

    Its server is not asked, and names of private networks are fine: the product sends no mail.
    """
    try:
        parsed = validate_email(
            text.strip(), check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise ValueError(_NOT_AN_EMAIL) from None
    if "." not in parsed.domain or len(parsed.normalized) > MAX_LENGTH:
        raise ValueError(_NOT_AN_EMAIL)
    return parsed.normalized


def email_key(text: str) -> str:
    """What two spellings of one address share: compatibility forms and case are dropped."""
    return normalize("NFKC", normalize("NFKC", text.strip()).casefold())


_NOT_AN_EMAIL = "Please give an e-mail address such as name@example.com."
