"""Pages that a run writes for people, from templates: whatever a template is given is text, and is escaped where the page is HTML.

Reading order:

    paper  the templates of this folder, filled in
    card   a run's record -> its model card
"""
