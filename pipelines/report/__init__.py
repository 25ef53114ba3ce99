"""Pages for people, made of the published tables alone.

A page is one HTML file: it opens from disk, asks nothing of any network and says nothing the
tables do not say.
"""
