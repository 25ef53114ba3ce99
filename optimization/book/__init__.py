"""The business side: planning tables and a policy become accounts, reps, units and a problem."""
