"""Fine-tuning and unlearning: one loop for both."""
