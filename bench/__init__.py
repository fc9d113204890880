"""Measurements: `python -m bench NAME`. Speed is measured here and nowhere asserted by a test.

Each measurement starts a real gateway (gunicorn, HTTPS) and a real stand-in as processes of their own, drives
them over loopback only, prints what it found and writes it to bench/results/NAME.json with the commit it was
made at.
"""
