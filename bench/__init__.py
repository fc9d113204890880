"""Measurements: `python -m bench NAME`. Speed is measured here and nowhere asserted by a test.

Each measurement but `wss` starts a real gateway (gunicorn, HTTPS) and a real stand-in as processes of their own
and drives them over loopback only; `wss` measures the judge by itself. What is found is printed and written to
bench/results/NAME.json with the commit it was made at.
"""
