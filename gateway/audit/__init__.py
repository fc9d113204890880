"""The audit trail: one record per decision, in a form that security tools read, at a place that keeps it."""
