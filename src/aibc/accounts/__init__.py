"""Who is asking: people, their roles, their sign-ins."""
