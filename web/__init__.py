"""How the desk is served over HTTP. Skip this folder on the first reading: start with app.py."""
