"""One run: a method with one seed, timed, checked and written down."""
