"""What the one-file program runs."""

from minigpt.cli import cli

cli(prog_name="minigpt")
