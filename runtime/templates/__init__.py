"""What `llx new` begins with: files in which `«…│…»` is a text in English and Japanese, and `@name@` a value."""
