"""The scripts held beside a plain Python model of a job's life, by random histories of several brokers."""
