"""WS-Security: parse, then judge. No I/O: everything that decides is handed in.

Words: the *policy* is what a service demands; a *rule* is one sentence of a standard or of this product
with an id; a *finding* says what one rule found; a *verdict* is the ordered list of findings with either
*claims* (who says to be calling, and by what token) or a *refusal* (the fault for the caller).
"""
