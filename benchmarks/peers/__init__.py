"""The same GPT-1 in other frameworks, written as their users would: `make(config, state, variant)` returns step(x, y) -> loss."""
