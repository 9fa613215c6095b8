"""The registry over HTTP: routers, who may call, how bodies are read and how errors are told."""
