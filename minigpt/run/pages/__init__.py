"""Pages and pictures that a run makes for people, from templates: whatever a template is given is text, and is escaped where the page is
HTML. Only `figures` imports matplotlib, and only when it draws.

Reading order:

    paper        the templates of this folder, filled in
    card         a run's record -> its model card
    figures      matplotlib -> pictures in files, and SVG in a page's own colours
    words        a text -> the words in which copying is measured
    novelty      texts and a training text -> what is copied, exactly, and from where
    writing      a model -> many texts at once
    curves       metrics and samples on the way -> the curves of a training
    inside       a model and a sentence -> attention, expectations, neighbours
    facts        a record and a corpus -> tables and statistics
    copying      texts beside the documents that they are copied from
    sections     the parts of a report that are drawn or computed
    report_page  a run folder -> report.html
"""
