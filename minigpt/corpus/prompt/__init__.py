"""Understands a prompt: what kinds of text it asks for, about what, and with or without what.

Reading order:

    legible         a prompt as typed or pasted -> its visible words
    language        a prompt -> its language; glossaries into English
    lexicon         the word tables -> look-ups by any form of a word
    terms           a word of a prompt, and what it names
    scope           a negator among terms -> what it negates
    negation        terms -> which of them are negated
    doubt           terms -> foods that unknown words may exclude
    keywords        a prompt -> its terms, marked as negated or not
    genres          which words name kinds of text
    kinds           terms -> the kinds of text that the prompt lists
    layout          terms -> which kind each belongs to
    constraints     terms -> constraints: vegan, for children, short
    topics          terms -> topics
    readers         terms -> for whom something is explained
    correspondents  terms -> a doubt about who writes or talks to whom
    odd_kinds       terms -> a kind of text that no template writes
    evidence        terms -> evidence for each category of text
    speakers        a prompt -> noun phrases that may be a persona
    personas        a prompt -> the persona whose voice it asks for
    tasks           a prompt -> what it asks that no template can do
    describe        a request -> its description in the plan
    understand      a prompt -> the request
"""
