"""Documents in, the sound, new and fitting ones out.

Reading order:

    near_duplicates  a text -> whether an earlier one says nearly the same
    chatter          a language model's answer -> the text without the talk around it
    clean            documents -> those that are sound and new
    subjects         the words of all documents -> which documents are about something else
    topicality       a request and texts -> how well they fit
    fluency          texts -> how much each agrees with the others
    refine           documents -> the ones worth keeping
"""
