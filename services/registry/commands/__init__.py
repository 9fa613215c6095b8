"""What callers may have done: load, decide in the domain, write once, and have it published."""
