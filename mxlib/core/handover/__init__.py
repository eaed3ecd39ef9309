"""Letters with passwords, and files for password managers."""
