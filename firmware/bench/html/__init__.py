"""Reports as one HTML file each: what a run, a check of the rules or a sweep gave; no network, no script needed."""
