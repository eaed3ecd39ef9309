"""Page of jobs: the list, or one run of it (`?run=`)."""

from mxlib.ui.runs import card, jobs

if (number := jobs.chosen()) is not None:
    card.show(number)
else:
    jobs.show()
