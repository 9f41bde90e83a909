"""The stages of a run, a module each: a job in, its results on the disk out, where the next stage reads them."""
