"""What a page says about what was just done; addresses carry the name, never the sentence."""

from __future__ import annotations

NOTICES = {
    "signed-out": "You are signed out.",
    "password-changed": "Your password is changed. Please sign in with the new one.",
    "user-changed": "Saved. It acts on the next thing this person does.",
    "catalog-imported": "The catalog is imported.",
    "catalog-moved": "The catalog has changed since the dry run. This is a new one.",
    "draft-dropped": "The upload is thrown away. Nothing was changed.",
    "welcome": "Welcome! Choose a pathway to begin.",
    "done": "Marked as done.",
    "not-done": "Marked as not done.",
    "module-handed-in": "The module is handed in.",
    "handed-in": "Your file is handed in and waits for review.",
    "withdrawn": "Your file is withdrawn. You can hand in another one.",
}
