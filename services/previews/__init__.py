"""Every message and page with made-up data, to be looked at: `passerelles templates preview`."""
