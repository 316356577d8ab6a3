"""What is deployed, beside the code: images, state machines, and what reads the template without an account."""
