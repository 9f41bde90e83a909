"""The base's model folder, `model/`: minigpt finds it by this package's name (minigpt.run.start)."""
