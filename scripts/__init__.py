"""What ``make check`` runs besides the tools it installs."""
