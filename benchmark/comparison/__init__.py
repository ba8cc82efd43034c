"""Two boards beside each other, or a board beside what papers have published: what differs, how surely, and made how."""
