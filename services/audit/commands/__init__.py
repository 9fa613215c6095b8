"""`passerelles audit …`: options and exit codes; what is done is done in the other rooms."""
