"""The agent: who may ask, what there is to be asked, and the answers."""
