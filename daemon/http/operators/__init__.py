"""The operators' listener: pages, API and metrics for the people and programs that run the fleet."""
