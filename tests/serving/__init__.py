"""What stands between a client and the application: HTTP, threads, and how both end."""
