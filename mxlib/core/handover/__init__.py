"""What a person needs to hand passwords over: letters, and files for password managers."""
