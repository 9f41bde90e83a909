"""python -m minigpt"""

from minigpt.cli import cli

if __name__ == "__main__":
    cli(prog_name="python -m minigpt")
