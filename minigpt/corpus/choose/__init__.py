"""Chooses the documents worth keeping: clean, new and relevant.

Reading order:

    near_duplicates  a text -> whether it repeats an earlier one
    chatter          a language model's answer -> the text without chatter
    clean            documents -> the clean and new ones
    subjects         words of all documents -> outliers by subject
    topicality       a request and texts -> how well they match
    fluency          texts -> a quality score, relative to each other
    refine           documents -> the best ones, each saying something new
"""
