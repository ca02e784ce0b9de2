"""Many maps from one list: each validated and reported, on one machine or on a cluster, and a group report of all."""
