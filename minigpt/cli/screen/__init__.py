"""What a run shows on a terminal, over rich.

Reading order:

    figures   numbers of a training -> the lines of the live display
    lines     the lines that stay on the screen
    terminal  standard error as a terminal: lines that stay, and below them a live part that is redrawn
    keys      single keys from the keyboard, without Enter
    log       a file with every line and its time
    result    what a script wants to know of a run
"""
