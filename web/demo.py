def fill(store):
    pass
