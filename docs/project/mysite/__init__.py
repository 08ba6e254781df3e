"""The project that the pages describe: their code and commands run in it."""
