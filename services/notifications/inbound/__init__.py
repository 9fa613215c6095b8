"""What comes back about messages: returned mail, receipts of providers, STOP."""
