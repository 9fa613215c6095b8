"""What is added to an archive, every topic as it travels, and what is taken out of it after the stated period."""
