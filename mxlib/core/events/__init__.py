"""Events: what happened that a person may have to know, and the rules that keep noise out. Pure."""
