"""What tools/tidy and tools/draw_floors know about the tree."""
