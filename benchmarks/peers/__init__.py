"""The same GPT-1 in other frameworks, each as its users would write it: `make(config, state, seed, variant)` -> step(x, y) -> loss."""
