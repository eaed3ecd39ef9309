"""What leaves to others than MXroute and a mail server: guarded requests, the channels that use them, and probes."""
