"""A Django project of one view with three cache reads, served over the cache to be measured."""
