"""A prompt in, the request that the writers obey out.

Reading order:

    legible      a prompt as typed or pasted -> the words that a reader sees
    language     a prompt -> its language, and the English of its words
    lexicon      the tables for reading prompts -> look-ups from any form of a word
    terms        a word of a prompt, and what sort of thing it names
    scope        a "without" among terms -> how far it reaches
    negation     terms -> those that the prompt rules out
    doubt        terms -> foods that it may rule out, in words that no table knows
    keywords     a prompt -> its terms, negated or not
    genres       the words that name kinds of text
    kinds        terms -> the kinds of text that the prompt lists
    layout       terms -> which of them belong to which kind
    constraints  terms -> what documents should be like: vegan, for children, short
    topics       terms -> what documents should be about
    describe     a request -> the plan's lines
    understand   a prompt -> the request
"""
