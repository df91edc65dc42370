"""Learners as staff see them: how far they are, what they handed in, their quizzes."""
