"""What comes in, watched for drift: measured values of photos in, an alarm out.

In come the numbers that each answer measured anyway (score, light, sharpness, distance from what the model knows, skin
tone), a sample of them an hour; out goes a daily comparison with the photos that chose the model's limits. It never
keeps a pixel, a name, a place or a time finer than the hour.
"""

ROOM = "monitoring"
