"""The article's consumers, defects included.

Comments name each defect by its id in README.md. They are the point of this variant:
do not mend them here; `consumers_fixed` is the mended twin.
"""
