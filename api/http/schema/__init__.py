"""What goes in and out of the API as JSON, a module a subject. Forms are what is sent, answers what is given."""
