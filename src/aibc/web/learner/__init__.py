"""The learner's pages: where you are, a pathway, a module, a resource, and what you handed in."""
