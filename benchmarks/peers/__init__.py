"""What people use instead of Plinto, each set up as its documentation recommends."""
