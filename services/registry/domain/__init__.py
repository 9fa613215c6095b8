"""What the registry decides: companies, needs, availabilities, proposals and their reach; pure, without I/O."""
