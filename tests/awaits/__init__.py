"""Every await on the way of a job, cancelled once."""
