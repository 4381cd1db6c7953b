"""What a file says about itself: where, when, by which device. Claims with their source, never facts."""
