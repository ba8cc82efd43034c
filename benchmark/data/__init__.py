"""Datasets: questions and answers by author, generated or read, and the splits to forget."""
