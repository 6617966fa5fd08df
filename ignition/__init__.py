"""Linux ignition: the wizard that turns a newly installed server into one of a kind, and what it then does.

``pages.py`` says what is asked, ``wizard.py`` how a person moves through it, ``apply.py`` what comes of it,
``table.py`` which states a server passes through. ``web.py`` shows it to browsers; it opens no socket.
"""
