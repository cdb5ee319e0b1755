"""Formal proofs of the RTL templates: ``python -m formal`` runs them, docs/proofs.md says what they show."""
