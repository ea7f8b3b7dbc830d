"""`make demo`: thirty mails through a broker that is killed in the middle, and what became of them."""
