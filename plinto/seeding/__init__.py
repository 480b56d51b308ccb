"""
A load of made-up people, to see what the size of a database costs.

``numbers`` says who is who: every id follows from a kind and a number, so nothing is remembered
while rows are made. ``tables`` writes rows of one model in bulk; each other module makes the rows
of one subject. Everything that is made keeps the rules of what is done over the API, and the trail
verifies.
"""
