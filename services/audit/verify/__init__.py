"""The proof: that nothing was altered, and that matching said what its rules had it say."""
