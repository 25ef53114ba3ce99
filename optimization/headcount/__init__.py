"""What seats are worth: plans for a larger or smaller team, and for reps who may leave."""
