"""What a page says about what was just done; addresses carry the name, never the sentence."""

from __future__ import annotations

NOTICES = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed. Please sign in with the new one.",
    "welcome": "Welcome! Choose a pathway to begin.",
}
