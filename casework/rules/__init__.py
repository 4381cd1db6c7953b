"""Rules as people write them: YAML files that are read strictly, whatever they rule."""
