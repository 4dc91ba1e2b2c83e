"""What a cooperative packs: the list of what to fetch from store, slips and labels on paper, parcels sent by scan, and its money."""
