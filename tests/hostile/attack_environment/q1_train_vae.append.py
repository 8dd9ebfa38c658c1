import os

assert "homework" in __import__("homework").__name__ and not os.path.exists("sitecustomize.py")
