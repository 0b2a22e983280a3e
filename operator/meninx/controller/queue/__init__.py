"""Who may run now: priority, age and room on the nodes, decided without touching anything."""
