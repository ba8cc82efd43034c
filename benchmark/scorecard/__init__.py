"""What a board's numbers are worth on models whose truth is known: trained without the forget rows, or with a share of them."""
