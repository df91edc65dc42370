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
    "nothing-to-review": "Nothing waits that you could review now.",
    "withdrawn-meanwhile": "The learner has withdrawn that file meanwhile.",
    "undone": "Undone: the submission waits again.",
    "decision-changed": "The decision is changed.",
    "module-approved": "The module is approved.",
    "module-rejected": "The module is sent back with your comments.",
    "module-gone": "That module is no longer handed in.",
    "attempt-granted": "The learner has one more attempt.",
    "comment-saved": "The comment is saved.",
    "comment-removed": "The comment is removed.",
}
