"""What bodies and answers of single sign-on look like."""
