"""Signs in pictures: their classes, what a reader of pages answers, rows and their patterns."""
