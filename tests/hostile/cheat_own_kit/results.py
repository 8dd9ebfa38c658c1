{"score": 68.0, "tests": [{"name": "everything", "score": 68.0, "max_score": 68.0}]}
