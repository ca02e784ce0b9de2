"""Files in and out: maps, models, STAR, .cs, job folders, EMDB; no computing."""
