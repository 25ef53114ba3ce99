"""What balance, stability and value cost each other under one policy, as plans that can be had."""
