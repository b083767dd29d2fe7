"""Tables for analysts: customers under keyed pseudonyms, without texts, and how many of them stand out all the same."""
