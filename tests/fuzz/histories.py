class Histories: pass
