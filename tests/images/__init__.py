"""The images, run as Lambda and SageMaker run them; `make images` builds them and starts these tests."""
