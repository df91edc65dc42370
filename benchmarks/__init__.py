"""How fast AIBC is, beside what it could be and what others are: `make bench`."""
