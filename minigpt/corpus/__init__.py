"""Documents from a prompt: templates write them, or the user's own files hold them; the best are kept."""
