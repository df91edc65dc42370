"""The instructor's pages: the queue, the desk at which one submission is decided, modules."""
