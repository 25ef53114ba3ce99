"""What any account-rep pair costs and takes: functions of accounts and reps, never stored whole."""
